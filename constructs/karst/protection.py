"""What deleting means for a stack: forbidden, allowed, or letting go without deleting."""

from __future__ import annotations

from enum import StrEnum


class Protection(StrEnum):
    """How hard it is to delete what a stack declares.

    A stack holds one value for all its resources, and passes it to every construct that keeps data. Lifting it is a
    change of its own: apply the stack with the new value first (the policy moves into state), delete afterwards.
    """

    PROTECTED = "protected"
    """Nothing that holds data can be deleted: the provider refuses, and so do the cloud's own APIs."""

    RELEASED = "released"
    """Deleting deletes. A retired stack whose data may go."""

    ABANDONED = "abandoned"
    """Deleting only forgets: the resource stays in the cloud, still refusing deletion, but no longer in state."""

    @property
    def deletion_policy(self) -> str:
        """The provider's word for it.

        Always written out: left out, most resource types would mean DELETE, and Firestore databases ABANDON.
        """
        return _DELETION_POLICIES[self]

    @property
    def is_on(self) -> bool:
        """Whether the cloud's own switches (`deletion_protection` and its kin) are set."""
        return self is not Protection.RELEASED


_DELETION_POLICIES = {
    Protection.PROTECTED: "PREVENT",
    Protection.RELEASED: "DELETE",
    Protection.ABANDONED: "ABANDON",
}
