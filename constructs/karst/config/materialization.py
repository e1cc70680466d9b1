"""What the materialization of annotations can be told."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from karst.config.base import Model
from karst.config.types import (
    Cron,
    FieldName,
)


class Schedule(Model):
    """A run of materialization at fixed times."""

    name: FieldName = Field(description="What the run is called.", examples=["daily"])
    task: Literal[
        "run_daily_periodic_materialization",
        "run_weekly_periodic_materialization",
        "run_lts_periodic_materialization",
        "remove_expired_databases",
        "run_periodic_database_update",
    ] = Field(description="What is done: a version kept 2, 7 or 30 days, expiry, or the live update.")
    cron: Cron = Field(
        description="When, in UTC: minute, hour, day of month, month, day of week.", examples=["10 8 * * 0,2,4,6"]
    )
    datasets: tuple[str, ...] = Field(default=(), description="Datasets it covers; all by default.", examples=[["h01"]])


def default_schedules() -> tuple[Schedule, ...]:
    """A version on four days, a longer kept one on two, a long-term one, expiry before them, hourly live update."""
    return (
        Schedule(name="daily", task="run_daily_periodic_materialization", cron="10 8 * * 0,2,4,6"),
        Schedule(name="weekly", task="run_weekly_periodic_materialization", cron="10 8 * * 1,5"),
        Schedule(name="long-term", task="run_lts_periodic_materialization", cron="10 8 1-7,15-21 * 3"),
        Schedule(name="expire", task="remove_expired_databases", cron="0 8 * * *"),
        Schedule(name="live", task="run_periodic_database_update", cron="0 0,1,17-23 * * *"),
    )


class KeptDatabases(Model):
    """How many frozen versions stay."""

    min: int = Field(default=3, ge=1, le=100, description="Versions that expiry never goes below.")
    max: int = Field(default=7, ge=1, le=100, description="Versions at the most.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}. Lower min or raise max")
        return self


class QueryLimits(Model):
    """Requests a minute and user."""

    query: int = Field(default=300, ge=1, description="Queries over tables.")
    fast_query: int = Field(default=2000, ge=1, description="Look-ups by id.")


class Workers(Model):
    """Processes of the materialization workflow; what one takes stands in `services.celery-consumer.resources`."""

    producer_concurrency: int = Field(default=2, ge=1, le=64, description="Tasks at once in one planner.")
    consumer_concurrency: int = Field(default=2, ge=1, le=64, description="Tasks at once in one worker.")
    row_chunk_size: int = Field(default=500, ge=1, le=100_000, description="Annotations of one look-up task.")
    queue_length_limit: int = Field(default=10_000, ge=100, description="Tasks waiting before planners pause.")
    throttle: bool = Field(default=True, description="Whether planners pause at that length.")


class Materialization(Model):
    """Frozen versions of annotations joined with the segmentation."""

    paused: bool = Field(default=False, description="Stops the schedules without touching what runs.")
    datastacks: tuple[FieldName, ...] = Field(
        default=(), description="Datastacks that are materialized; all of the datasets' by default."
    )
    databases: KeptDatabases = Field(default=KeptDatabases(), description="How many frozen versions stay.")
    schedules: tuple[Schedule, ...] = Field(default_factory=default_schedules, description="Runs at fixed times, UTC.")
    days_to_expire: int = Field(default=7, ge=1, le=3650, description="Days that a weekly version is kept.")
    long_term_days_to_expire: int = Field(
        default=30, ge=1, le=36500, description="Days that a long-term version is kept."
    )
    merge_tables: bool = Field(default=False, description="The older layout, one table instead of two; slower to make.")
    limits: QueryLimits = Field(default=QueryLimits(), description="Requests a minute and user.")
    query_limit: int = Field(
        default=500_000, ge=1, le=50_000_000, description="Rows of one answer; clients are warned when it cuts."
    )
    connection_pool_size: int = Field(default=5, ge=1, le=100, description="Database connections a process keeps.")
    connection_overflow: int = Field(
        default=5, ge=0, le=100, description="Database connections beyond those under load."
    )
    workers: Workers = Field(default=Workers(), description="Processes of the workflow.")
