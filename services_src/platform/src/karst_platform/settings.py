"""Settings of a service: typed, from environment variables and from mounted files of secrets.

A field says its variable with `validation_alias="KARST_..."`. Where the folder named by `KARST_SECRETS` holds a file of
that name, its content counts and the environment does not: secrets come as files. Cloud Run mounts each in a folder of
its own, `some_key/SOME_KEY`. Values never stand in messages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from karst_platform.redaction import hide

SECRETS_VARIABLE = "KARST_SECRETS"


PRIVATE_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(one)
    for one in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)
"""Networks that nobody outside of them reaches."""


def split_items(value: object) -> object:
    """The parts of a text between its commas; for a field that is a tuple."""
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def none_of_blank(value: object) -> object:
    """None for a text of nothing but blanks: a variable that is set to nothing is one that isn't set."""
    return None if isinstance(value, str) and not value.strip() else value


def _prefix(value: str) -> str:
    inner = value.strip().strip("/")
    return f"/{inner}" if inner else ""


def _postgres_address(value: SecretStr) -> SecretStr:
    import psycopg  # noqa: PLC0415 - most services have no PostgreSQL
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        conninfo_to_dict(value.get_secret_value())
    except psycopg.ProgrammingError:  # which quotes it, with the password
        raise ValueError(
            "is no address of PostgreSQL. Write postgresql://user:password@host:5432/database, with special characters "
            "of the password in percent form"
        ) from None
    return value


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(split_items)]
Prefix = Annotated[str, AfterValidator(_prefix)]
"""What stands before paths: `api`, `/api` and `/api/` mean the same, and nothing and `/` mean none."""
PostgresAddress = Annotated[SecretStr, AfterValidator(_postgres_address)]
Endpoint = Annotated[
    Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None, BeforeValidator(none_of_blank)
]


class JobSettings(BaseModel):
    """What every program can be told, one that ends too. Frozen: an application never changes its own settings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, validate_default=True, use_attribute_docstrings=True
    )

    log_level: LogLevel = Field(default="INFO", validation_alias="KARST_LOG_LEVEL")
    """The least severe message that is logged."""


class Settings(JobSettings):
    """What every server can be told."""

    port: int = Field(default=8080, validation_alias="KARST_PORT", ge=1, le=65535)
    """Port on which the server listens."""
    body_limit_kib: int = Field(default=1024, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB."""
    handler_timeout_s: int = Field(default=30, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504."""
    drain_notice_s: int = Field(default=3, validation_alias="KARST_DRAIN_NOTICE_S", ge=0, le=600)
    """Seconds between the wish to end, from which on it is not ready, and the last request that it takes."""
    rate_per_user: float = Field(default=100, validation_alias="KARST_RATE_PER_USER", ge=0)
    """Requests a second that a process takes from one user over ten seconds; 0 for no limit."""
    rate_per_address: float = Field(default=500, validation_alias="KARST_RATE_PER_ADDRESS", ge=0)
    """Requests a second that a process takes from one address over ten seconds; 0 for no limit."""
    trusted_hops: int = Field(default=0, validation_alias="KARST_TRUSTED_HOPS", ge=0, le=10)
    """How many addresses at the end of X-Forwarded-For our own load balancers wrote; the first one is the client's."""
    metrics_from: Networks = Field(default=PRIVATE_NETWORKS, validation_alias="KARST_METRICS_FROM")
    """Networks that may read /metrics, by commas; by default the private ones, and never through a proxy."""
    otlp_endpoint: Endpoint = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Address of an OpenTelemetry collector (OTLP over HTTP) that gets traces; without one there are none."""


class SettingsError(ValueError):
    """Settings with which the service cannot start; the message names each variable and what is wrong with it."""


AnySettings = TypeVar("AnySettings", bound=JobSettings)


def settings_or_exit(model: type[AnySettings]) -> AnySettings:
    """The settings of a program, from its environment; it ends with a message where they are wrong."""
    try:
        return load_settings(model, os.environ)
    except SettingsError as error:
        sys.exit(str(error))


def load_settings(model: type[AnySettings], environment: Mapping[str, str]) -> AnySettings:
    """Read the settings from `environment` (usually `os.environ`) and the folder of secrets.

    Raises SettingsError with every mistake at once. Variables that no field names are ignored.
    """
    secrets = environment.get(SECRETS_VARIABLE)
    values: dict[str, str] = {}
    for variable in variables(model):
        secret = _secret(Path(secrets), variable) if secrets else None
        if secret is not None:
            values[variable] = secret
        elif variable in environment:
            values[variable] = environment[variable]
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [_line(fault) for fault in faults]
    else:
        hide(_secrets(settings))
        return settings
    raise SettingsError("The service cannot start with these settings:\n" + "\n".join(lines))


def _line(fault: ErrorDetails) -> str:
    """A mistake as people read it: the variable, then what is wrong; of several together, only the latter."""
    message = fault["msg"].removeprefix("Value error, ")
    return f"{fault['loc'][0]}: {message}" if fault["loc"] else message


def variables(model: type[JobSettings]) -> tuple[str, ...]:
    """Names of the environment variables that a model reads."""
    return tuple(str(field.validation_alias or name) for name, field in model.model_fields.items())


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds a secret, or several: its type says so."""
    return _mentions_secret(field.annotation)


def _mentions_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_mentions_secret, get_args(annotation)))


def _secrets(settings: JobSettings) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, SecretStr):
                yield each.get_secret_value()


def _secret(folder: Path, variable: str) -> str | None:
    for path in (folder / variable, folder / variable.lower() / variable):
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}: the secret's file cannot be read ({type(error).__name__})") from None
    return None
