"""The page of settings is that of the services as they are, and leaves no variable out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import Field

from karst.config.service import load_services
from karst.config.service_runtime import ImageOrigin
from karst_platform.settings import JobSettings, Settings, is_secret, variables
from karst_platform.settings_page import models, page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"
SERVICES = models(ROOT / "services_src")
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| (.*) \| (.+) \| (.+) \| (yes|no) \|$", re.MULTILINE)


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(SERVICES), "run `make docs`"


def test_every_service_of_ours_is_there() -> None:
    declared = load_services(ROOT / "services_src").values()
    assert set(SERVICES) == {one.name for one in declared if one.image.source is ImageOrigin.KARST}


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_has_a_row_that_says_what_it_means(service: str) -> None:
    rows = {row[0]: row for row in _ROW.findall(PAGE.read_text("utf-8")) if service in row[1].split(", ")}
    model = SERVICES[service]
    assert set(rows) == set(variables(model))
    for field in model.model_fields.values():
        _, _, meaning, kind, default, secret = rows[str(field.validation_alias)]
        assert len(meaning) > 10, f"{service}: {field.validation_alias} has no docstring below it"
        assert kind
        assert default
        assert (secret == "yes") is is_secret(field)


def test_one_row_serves_all_that_read_it_alike_and_two_those_that_do_not() -> None:
    class Other(Settings):
        """Differs in one."""

        port: int = Field(default=1, validation_alias="KARST_PORT")
        """Another port."""

    text = page({"a": JobSettings, "b": Settings, "c": Other})
    rows = {(name, users): rest for name, users, *rest in _ROW.findall(text)}
    levels = ["The least severe message that is logged.", "DEBUG, INFO, WARNING or ERROR", "`INFO`", "no"]
    assert rows["KARST_LOG_LEVEL", "a, b, c"] == levels
    assert rows["KARST_BODY_LIMIT_KIB", "b, c"][1:] == ["whole number, 1 or more", "`1024`", "no"]
    assert rows["KARST_PORT", "b"][1:] == ["whole number, 1 to 65535", "`8080`", "no"]
    assert rows["KARST_PORT", "c"] == ["Another port.", "whole number", "`1`", "no"]
