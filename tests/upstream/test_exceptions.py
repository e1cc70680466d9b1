"""What only upstream's images may do, and what no service may."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from karst.config.service import Service

UPSTREAM = {"source": "upstream", "repository": "example", "version": "v1.0.0"}
RESOURCES = {"cpu": "100m", "memory": "128Mi"}
WEB = {"web": {"port": 80, "resources": RESOURCES}}


def service(**parts: object) -> Service:
    """A small service of ours, with `parts` written over it."""
    declared: Mapping[str, object] = {
        "name": "example",
        "description": "An example",
        "package": "karst-example",
        "kinds": ["local"],
        "processes": {"worker": {"resources": RESOURCES}},
    }
    return Service.model_validate({**declared, **parts})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"processes": WEB, "health": {"live": "/health", "ready": "/health"}}, "live and ready are the same path"),
        ({"settings": {"A": {"description": "a", "template": "{{ host }}"}}}, "A has a template"),
        ({"secrets": {"A": {"description": "a", "is_variable": True}}}, "A would stand in the environment"),
    ],
)
def test_only_upstream_may(parts: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        service(**parts)
    assert service(**parts, image=UPSTREAM, package=None).image.version == "v1.0.0"


def test_job_does_not_listen() -> None:
    job = {"job": {"port": 80, "schedule": "0 17 * * *", "resources": RESOURCES}}
    with pytest.raises(ValidationError, match="'job' has a schedule and a port"):
        service(processes=job, health={"live": "/live", "ready": "/ready"})


def test_schedule_has_five_fields() -> None:
    with pytest.raises(ValidationError, match="schedule"):
        service(processes={"job": {"schedule": "@daily", "resources": RESOURCES}})


def test_setting_has_one_source() -> None:
    setting = {"description": "a", "default": "b", "template": "{{ host }}"}
    with pytest.raises(ValidationError, match="default and template both give the value"):
        service(settings={"A": setting}, image=UPSTREAM, package=None)


def test_services_run_by_default() -> None:
    assert service().is_enabled
    assert not service(is_enabled=False).is_enabled
