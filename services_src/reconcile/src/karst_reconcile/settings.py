"""Where the services are, in whose name they are asked, and what to do with what they lack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from karst_platform.settings import JobSettings, none_of_blank

Address = Annotated[str, StringConstraints(pattern=r"^(https?://)?[^\s/]+(/[^\s]*)?$")]


class ReconcileSettings(JobSettings):
    """Settings of a run."""

    datasets: str = Field(default="/etc/karst/datasets.json", validation_alias="KARST_DATASETS", min_length=1)
    """Path of `datasets.json`; `-` for the standard input."""
    auth: Address = Field(default="https://localhost/auth", validation_alias="KARST_AUTH_URL")
    """Address of auth; without a scheme it is https."""
    info: Annotated[Address | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_INFO_URL"
    )
    """Address of info; blank where there is none."""
    token: SecretStr = Field(default=SecretStr(""), validation_alias="KARST_RECONCILE_TOKEN")
    """Token of a superadmin."""
    authority: Annotated[Path | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_AUTHORITY"
    )
    """File with the authority that vouches for the services, where the system's don't."""
    project: Annotated[str | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="GOOGLE_CLOUD_PROJECT"
    )
    """Project whose Secret Manager gets tokens of service accounts."""
    tokens: Annotated[Path | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_TOKENS"
    )
    """Folder that gets them instead."""
    wait_s: float = Field(default=300, validation_alias="KARST_WAIT_S", ge=0, le=3600)
    """Seconds to wait for services that don't answer, or not yet as their new versions do."""
    timeout_s: float = Field(default=30, validation_alias="KARST_TIMEOUT_S", gt=0, le=600)
    """Seconds to wait for one answer."""
    is_pruning: bool = Field(default=False, validation_alias="KARST_PRUNE")
    """Whether what is no longer declared is taken away."""
    is_adopting: bool = Field(default=False, validation_alias="KARST_ADOPT")
    """Whether what people made by hand is taken over where it is declared."""
    is_planning: bool = Field(default=False, validation_alias="KARST_PLAN_ONLY")
    """Whether nothing is changed."""
    is_json: bool = Field(default=False, validation_alias="KARST_JSON")
    """Whether the report is JSON."""

    @property
    def auth_url(self) -> str:
        """With its scheme."""
        return _address(self.auth)

    @property
    def info_url(self) -> str | None:
        """With its scheme."""
        return None if self.info is None else _address(self.info)


def _address(told: str) -> str:
    return told if "://" in told else f"https://{told}"
