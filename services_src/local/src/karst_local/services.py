"""The services that exist, found by their declarations, each made as it is in the cloud: by its settings alone."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast, get_type_hints

import yaml
from fastapi import FastAPI

from karst_local.faults import Exit, LocalError
from karst_platform import Settings, SettingsError, load_settings


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A service of ours that answers requests, as its `service.yaml` declares it."""

    name: str
    description: str
    module: str
    prefix: str
    """Where it stands, without a slash at the end: empty for the front page."""
    ready_path: str
    variables: frozenset[str]
    """Names of the settings and secrets that it reads."""
    sticky_prefix: str | None = None
    """Where it stands too."""
    databases: tuple[str, ...] = ()
    """Stores that are databases of its own."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that runs."""

    declared: Declared
    app: FastAPI


def declared_services(folder: Path) -> tuple[Declared, ...]:
    """Every service below `folder` that answers requests, by name; jobs are none. Raises LocalError."""
    paths = sorted(folder.glob("*/service.yaml"))
    if not paths:
        raise LocalError(Exit.USAGE, f"{folder} holds no service. Start the platform from a checkout of Karst")
    found = [one for path in paths if (one := _declared(path)) is not None]
    claimed: dict[str, str] = {}
    for one in found:
        if (other := claimed.setdefault(one.prefix, one.name)) != one.name:
            raise LocalError(Exit.USAGE, f"{other} and {one.name} both stand at {one.prefix or '/'}. Move one of them")
    return tuple(found)


def make_service(declared: Declared, known: Mapping[str, str], **extras: object) -> Service:
    """Make the service's application. Raises LocalError.

    Of the `known` variables it gets those that it declares, of the `extras` those that it takes.
    """
    try:
        create_app = import_module(f"{declared.module}.main").create_app
        model = next(
            hint for hint in get_type_hints(create_app).values() if inspect.isclass(hint) and issubclass(hint, Settings)
        )
        values = {name: known[name] for name in declared.variables & known.keys()}
        taken = inspect.signature(create_app).parameters
        given = {name: extra for name, extra in extras.items() if name in taken}
        return Service(declared=declared, app=cast("FastAPI", create_app(load_settings(model, values), **given)))
    except SettingsError as error:
        raise LocalError(Exit.USAGE, f"{declared.name}: {error}") from error
    except ModuleNotFoundError as error:
        raise LocalError(
            Exit.USAGE, f"{declared.name} can't be loaded: {error}. Install what is missing: make setup"
        ) from error


def _declared(path: Path) -> Declared | None:
    try:
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "routes" not in document:
            return None
        return Declared(
            name=str(document["name"]),
            description=str(document.get("description", "")),
            module=str(document["package"]).replace("-", "_"),
            prefix=str(document["routes"]["prefix"]).rstrip("/"),
            ready_path=str(document["health"]["ready"]),
            variables=frozenset(document.get("settings", {})) | frozenset(document.get("secrets", {})),
            sticky_prefix=document["routes"].get("sticky_prefix"),
            databases=tuple(str(one["name"]) for one in document.get("stores", {}).get("relational", ())),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise LocalError(
            Exit.USAGE, f"{path} is no declaration of a service ({error}). `karst validate` says what is wrong"
        ) from error
