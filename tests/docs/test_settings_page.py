"""The page of settings is that of the services as they are, and leaves no variable out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field

from karst.config.service import load_services
from karst.config.service_runtime import ImageOrigin
from karst_platform.settings import JobSettings, Settings, SettingsError, is_secret, variables
from karst_platform.settings_page import models, page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| (.*) \| (.+) \| (.+) \| (yes|no) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def services() -> Mapping[str, type[JobSettings]]:
    return models(ROOT / "services_src")


def test_the_page_is_current(services: Mapping[str, type[JobSettings]]) -> None:
    assert PAGE.read_text("utf-8") == page(services), "run `make docs`"


def test_every_service_of_ours_is_there(services: Mapping[str, type[JobSettings]]) -> None:
    declared = load_services(ROOT / "services_src").values()
    assert set(services) == {one.name for one in declared if one.image.source is ImageOrigin.KARST}


def test_every_variable_has_a_row_that_says_what_it_means(services: Mapping[str, type[JobSettings]]) -> None:
    text = PAGE.read_text("utf-8")
    for service, model in services.items():
        rows = {row[0]: row for row in _ROW.findall(text) if service in row[1].split(", ")}
        assert set(rows) == set(variables(model))
        for field in model.model_fields.values():
            _, _, meaning, kind, default, secret = rows[str(field.validation_alias)]
            assert len(meaning) > 10, f"{service}: {field.validation_alias} has no docstring below it"
            assert kind
            assert default
            assert (secret == "yes") is is_secret(field)


def test_a_service_that_is_not_installed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "new" / "src" / "karst_not_installed" / "settings.py"
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(SettingsError, match=r"new can't be loaded .*make setup"):
        models(tmp_path)


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
