"""What the info service can be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from karst_platform.cave.guard.settings import GuardSettings
from karst_platform.relational_login import DatabaseSettings
from karst_platform.settings import Prefix

Site = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>#?]+$")]
Origin = Annotated[str, StringConstraints(pattern=r"^(https?://)?[A-Za-z0-9.-]+(:\d+)?$")]


DATABASE = "infoservice"
"""What the database is called where nobody says."""


class InfoSettings(GuardSettings, DatabaseSettings):
    """Settings of the info service."""

    body_limit_kib: int = Field(default=64, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB."""
    handler_timeout_s: int = Field(default=10, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504."""
    url_prefix: Prefix = Field(default="/info", validation_alias="URL_PREFIX")
    """What stands before every path."""
    global_host: Origin = Field(default="localhost", validation_alias="KARST_GLOBAL_HOST")
    """Host of the global services, for links to stored states."""
    viewer: Site = Field(default="https://spelunker.cave-explorer.org", validation_alias="NEUROGLANCER_URL")
    """Viewer of datastacks that name none."""

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.dsn(DATABASE)

    @property
    def global_address(self) -> str:
        """Address of the global services."""
        return self.global_host if "://" in self.global_host else f"https://{self.global_host}"
