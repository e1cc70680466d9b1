"""Settings of a service: typed, from environment variables and from mounted files of secrets.

A field says its variable with `validation_alias="KARST_..."`. Where the folder named by `KARST_SECRETS` holds a file of
that name, its content counts and the environment does not: secrets come as files. Cloud Run mounts each in a folder of
its own, `some_key/SOME_KEY`. Values never stand in messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SECRETS_VARIABLE = "KARST_SECRETS"


class JobSettings(BaseModel):
    """What every program can be told, one that ends too. Frozen: an application never changes its own settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=True)

    log_level: str = Field(default="INFO", validation_alias="KARST_LOG_LEVEL", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    """The least severe message that is logged."""


class Settings(JobSettings):
    """What every server can be told."""

    port: int = Field(default=8080, validation_alias="KARST_PORT", ge=1, le=65535)
    """Port on which the server listens."""
    body_limit_kib: int = Field(default=1024, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB."""


class SettingsError(ValueError):
    """Settings with which the service cannot start; the message names each variable and what is wrong with it."""


AnySettings = TypeVar("AnySettings", bound=JobSettings)


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
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    raise SettingsError("The service cannot start with these settings:\n" + "\n".join(lines))


def variables(model: type[JobSettings]) -> tuple[str, ...]:
    """Names of the environment variables that a model reads."""
    return tuple(str(field.validation_alias or name) for name, field in model.model_fields.items())


def _secret(folder: Path, variable: str) -> str | None:
    for path in (folder / variable, folder / variable.lower() / variable):
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}: the secret's file cannot be read ({type(error).__name__})") from None
    return None
