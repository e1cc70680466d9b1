"""When upstream's scheduler starts materializations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from karst.config.dataset import Dataset
from karst.config.materialization import Materialization, Schedule
from karst.derived.mappings import active

_CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_DAYS_OF_DAILY = 2


def materialized_datastacks(materialization: Materialization, datasets: Iterable[Dataset]) -> tuple[str, ...]:
    """Datastacks of which frozen versions are made, in order: the chosen ones, of datasets that take part."""
    found = {stack for dataset in materialized(datasets) for stack in dataset.datastacks}
    return tuple(sorted(found & set(materialization.datastacks) if materialization.datastacks else found))


def beat_schedules(materialization: Materialization, datasets: Iterable[Dataset]) -> tuple[Mapping[str, object], ...]:
    """Entries of `BEAT_SCHEDULES`, in the order of the configuration.

    A schedule of chosen datasets becomes one entry for each of their datastacks. Upstream's daily, weekly and
    long-term tasks know no datastack; there its general task takes their place, with the days that they keep a version.
    """
    known = tuple(datasets)
    schedules = materialization.schedules
    return tuple(entry for schedule in schedules for entry in _entries(materialization, schedule, known))


def _entries(
    materialization: Materialization, schedule: Schedule, datasets: Iterable[Dataset]
) -> Iterator[Mapping[str, object]]:
    times = _times(schedule.cron)
    if not schedule.datasets:
        yield {"name": schedule.name, "task": schedule.task, **times}
        return
    chosen = [dataset for dataset in datasets if dataset.name in schedule.datasets]
    task, parameters = _of_one_datastack(materialization, schedule.task)
    for stack in materialized_datastacks(materialization, chosen):
        name = f"{schedule.name}-{stack}"
        yield {"name": name, "task": task, **times, "datastack_params": {**parameters, "datastack": stack}}


def _of_one_datastack(materialization: Materialization, task: str) -> tuple[str, Mapping[str, object]]:
    days = {
        "run_daily_periodic_materialization": _DAYS_OF_DAILY,
        "run_weekly_periodic_materialization": materialization.days_to_expire,
        "run_lts_periodic_materialization": materialization.long_term_days_to_expire,
    }
    if task in days:
        parameters = {"days_to_expire": days[task], "merge_tables": materialization.merge_tables}
        return "run_periodic_materialization", parameters
    if task == "remove_expired_databases":
        return task, {"delete_threshold": materialization.databases.min}
    return task, {}


def _times(cron: str) -> dict[str, object]:
    """The fields of a cron entry that say something; Celery takes the others as `*`."""
    fields = zip(_CRON_FIELDS, cron.split(), strict=True)
    return {name: int(text) if text.isdecimal() else text for name, text in fields if text != "*"}


def materialized(datasets: Iterable[Dataset]) -> Iterator[Dataset]:
    """Datasets of which frozen versions are made, by name."""
    return (dataset for dataset in active(datasets) if dataset.materialization.enabled)
