"""What the service can be told, and what it says where that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst_nglstate.record import id_of
from karst_nglstate.settings import StateSettings
from karst_nglstate.stores.opening import is_named, with_store
from karst_platform import SettingsError, load_settings


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("NGLSTATE_BUCKET_PATH", "gs://a b", "names no bucket"),
        ("NGLSTATE_BUCKET_PATH", "gs://a/../b", "names no bucket"),
        ("JSON_DB_TABLE_NAME", "a b", "JSON_DB_TABLE_NAME"),
        ("KARST_OLDER_STATE_TABLES", "a,b c", "KARST_OLDER_STATE_TABLES"),
        ("KARST_POSTGRES_DSN", "postgresql://u:p@[", "is no address of PostgreSQL"),
        ("KARST_BODY_LIMIT_KIB", "0", "KARST_BODY_LIMIT_KIB"),
        ("STICKY_AUTH_URL", "https://g.example.org/sticky_auth", "STICKY_AUTH_URL"),
    ],
)
def test_mistakes_are_named(variable: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings(StateSettings, {variable: value})


@pytest.mark.parametrize("written", ["gs://states/v2", "states/v2", "gs://states/v2/", " states/v2 "])
def test_a_bucket_may_be_written_in_all_ways(written: str) -> None:
    assert load_settings(StateSettings, {"NGLSTATE_BUCKET_PATH": written}).bucket == "states/v2"


def test_stores_that_are_named_are_not_started() -> None:
    for variable in ("KARST_POSTGRES_DSN", "GOOGLE_CLOUD_PROJECT", "DATASTORE_EMULATOR_HOST"):
        settings = load_settings(StateSettings, {variable: "postgresql://localhost/a"})
        assert is_named(settings)
        assert with_store(settings)[0] is settings


def test_without_any_store_everything_is_kept_in_one_folder(postgres_folder: Path) -> None:
    settings, end = with_store(StateSettings(state_folder=postgres_folder))
    assert settings.buckets_folder == postgres_folder / "buckets"
    assert settings.postgres_dsn is not None
    end()


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("9223372036854775807", 2**63 - 1), ("10", 10)])
def test_ids_are_whole_numbers(text: str, number: int) -> None:
    assert id_of(text) == number


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "9223372036854775808", "99999999999999999999", "1 ", "\u0661"])
def test_nothing_else_is_an_id(text: str) -> None:
    assert id_of(text) is None
