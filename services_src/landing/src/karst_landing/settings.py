"""What the front page can be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from karst_platform import Settings

SafeUrl = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/\\]|/$|/[^\s/\\])[^\s\\]*$", max_length=500)]
"""A link that leads to a page and nowhere else: `https://...`, or a path of this host."""


class ServiceLink(BaseModel):
    """One service that the page lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    description: str = Field(default="", max_length=300)
    url: SafeUrl
    api: SafeUrl | None = None
    """The page or document that describes its API."""


def _parsed(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error}") from None


class LandingSettings(Settings):
    """Settings of the front page."""

    body_limit_kib: int = Field(default=16, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB: the page takes none."""
    handler_timeout_s: int = Field(default=5, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504."""
    deployment: str = Field(default="Karst", validation_alias="KARST_DEPLOYMENT", min_length=1, max_length=100)
    """Name of the deployment as the page shows it."""
    datasets_path: Path = Field(default=Path("/etc/karst/datasets.json"), validation_alias="KARST_DATASETS")
    """Where `datasets.json` is mounted."""
    services: Annotated[tuple[ServiceLink, ...], BeforeValidator(_parsed)] = Field(
        default=(), validation_alias="KARST_SERVICES", max_length=200
    )
    """The services that the page lists, as JSON in the environment."""
    sticky_auth_url: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._-]+)*)?$")] = (
        Field(default="", validation_alias="STICKY_AUTH_URL")
    )
    """Host and path where people sign in, without a scheme; viewers learn it from `/auth_info`."""
    shows_all_datasets: bool = Field(default=False, validation_alias="KARST_SHOW_ALL_DATASETS")
    """Whether the page, which anybody can open, names datasets that are not public."""
