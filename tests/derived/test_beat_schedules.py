"""When upstream's scheduler starts what: the declared schedules in its own words."""

import pytest

from karst.config.materialization import Materialization
from karst.derived.beat_schedules import beat_schedules, materialized_datastacks

FLAT = {"source": "precomputed://gs://lab-seg/flat"}


def stacks(*names: str) -> dict[str, object]:
    return {name: {"segmentation": FLAT} for name in names}


def schedule(**keys: object) -> Materialization:
    plain = {"name": "daily", "task": "run_daily_periodic_materialization", "cron": "10 8 * * 0,2,4,6"}
    return Materialization.model_validate({"schedules": [{**plain, **keys}]})


def test_cron_is_taken_apart_and_stars_are_left_out():
    assert beat_schedules(schedule(cron="10 8 1-7,15-21 * 3"), []) == (
        {
            "name": "daily",
            "task": "run_daily_periodic_materialization",
            "minute": 10,
            "hour": 8,
            "day_of_month": "1-7,15-21",
            "day_of_week": 3,
        },
    )


def test_every_field_of_cron_has_its_name():
    entry = beat_schedules(schedule(cron="1 2 3 4 5"), [])[0]
    assert [entry[name] for name in ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")] == [
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize(
    ("task", "expected", "parameters"),
    [
        ("run_daily_periodic_materialization", "run_periodic_materialization", {"days_to_expire": 2}),
        ("run_weekly_periodic_materialization", "run_periodic_materialization", {"days_to_expire": 7}),
        ("run_lts_periodic_materialization", "run_periodic_materialization", {"days_to_expire": 30}),
        ("remove_expired_databases", "remove_expired_databases", {"delete_threshold": 3}),
        ("run_periodic_database_update", "run_periodic_database_update", {}),
    ],
)
def test_schedule_of_chosen_datasets_names_their_datastacks(make_dataset, task, expected, parameters):
    datasets = [make_dataset("a", datastacks=stacks("a1", "a2")), make_dataset("b", datastacks=stacks("b1"))]
    entries = beat_schedules(schedule(task=task, datasets=["a"]), datasets)
    assert [entry["name"] for entry in entries] == ["daily-a1", "daily-a2"]
    assert {entry["task"] for entry in entries} == {expected}
    versions = {"merge_tables": False} if "days_to_expire" in parameters else {}
    assert entries[0]["datastack_params"] == {**parameters, **versions, "datastack": "a1"}


def test_inactive_and_excluded_datasets_are_not_materialized(make_dataset):
    datasets = [
        make_dataset("a", datastacks=stacks("a1")),
        make_dataset("b", datastacks=stacks("b1"), state="retired"),
        make_dataset("c", datastacks=stacks("c1"), materialization={"enabled": False}),
    ]
    assert materialized_datastacks(Materialization(), datasets) == ("a1",)
    assert beat_schedules(schedule(datasets=["b", "c"]), datasets) == ()


def test_chosen_datastacks_are_materialized_alone(make_dataset):
    datasets = [make_dataset("a", datastacks=stacks("a1", "a2"))]
    assert materialized_datastacks(Materialization(datastacks=("a2",)), datasets) == ("a2",)
