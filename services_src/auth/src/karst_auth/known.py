"""What auth itself knows of whoever calls, beyond the record that all services get."""

from __future__ import annotations

from dataclasses import dataclass

from karst_auth.tokens import Token
from karst_platform.cave.guard.record import UserRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Known(UserRecord):
    """A user or service account as of one moment, by one of their tokens."""

    is_active: bool = True
    """Whether neither they nor whoever made this service account is disabled."""
    groups_run: frozenset[int] = frozenset()
    """Ids of the groups whose members they manage."""
    datasets_run: frozenset[int] = frozenset()
    """Ids of the datasets whose grants they manage."""
    token: Token | None = None

    @property
    def reads_details(self) -> bool:
        """Whether lists of users show them e-mail addresses and roles."""
        return self.admin or self.service_account

    def runs_group(self, group_id: int) -> bool:
        """Whether they may change who belongs to this group."""
        return self.admin or group_id in self.groups_run

    def runs_dataset(self, dataset_id: int) -> bool:
        """Whether they may change what groups may do with this dataset."""
        return self.admin or dataset_id in self.datasets_run
