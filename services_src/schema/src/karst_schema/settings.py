"""What the service of schemas can be told."""

from __future__ import annotations

from pydantic import Field

from karst_platform import Settings
from karst_platform.settings import Prefix


class SchemaSettings(Settings):
    """Settings of the service of schemas."""

    body_limit_kib: int = Field(default=64, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB."""
    handler_timeout_s: int = Field(default=10, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504."""
    url_prefix: Prefix = Field(default="/schema", validation_alias="URL_PREFIX")
    """What stands before every path."""
