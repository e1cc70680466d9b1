"""Queues that are filled and that nobody reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environments
from karst.config.rules import check_environments
from karst.config.rules.services import UPSTREAM, known_services
from karst.config.service import load_services
from karst.config.service_checks import celery_queues
from karst.config.service_runtime import Process
from karst.derived.workloads import Catalog
from tests.config.base import API, BASE, write
from tests.config.test_service import GOOD
from tests.config.test_service import write as write_service

CATALOG = Catalog(ours={}, tags={}, upstream=load_services(UPSTREAM))
NOBODY = "nobody reads the queue"


def said(tmp_path: Path, services: str) -> list[str]:
    """Problems with queues where every image of upstream runs but for these choices, as `key: message. remedy`."""
    start, end = BASE[API].index("services:\n"), BASE[API].index("labels:")
    text = f"{BASE[API][:start]}images: {{fallback: upstream}}\nservices:\n{services}{BASE[API][end:]}"
    write(tmp_path, {**BASE, API: text})
    try:
        check_environments(load_environments(tmp_path), known_services(tmp_path, CATALOG))
    except ConfigError as error:
        found = [problem for problem in error.problems if NOBODY in problem.message]
        return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in found]
    return []


def test_upstream_reads_all_it_fills(tmp_path: Path) -> None:
    assert said(tmp_path, "  landing: {}\n") == []


@pytest.mark.parametrize(
    ("service", "queue", "fillers"),
    [
        ("meshworker", "remesh-high", "'meshing' and 'pychunkedgraph' fill it"),
        ("pcgl2cache-lowpriority-worker", "l2cache-low", "'meshing' and 'pychunkedgraph' fill it"),
        ("pcgl2cache-worker", "l2cache", "'pcgl2cache' fills it"),
    ],
)
def test_a_reader_that_is_off_is_missed(tmp_path: Path, service: str, queue: str, fillers: str) -> None:
    remedy = f"Let '{service}' run, or turn off what fills it."
    expected = f"services.{service}: nobody reads the queue '{queue}', and {fillers}. {remedy}"
    assert said(tmp_path, f"  {service}: {{enabled: false}}\n") == [expected]


def test_nobody_misses_the_reader_of_an_empty_queue(tmp_path: Path) -> None:
    assert said(tmp_path, "  pcgl2cache-worker: {enabled: false}\n  pcgl2cache: {enabled: false}\n") == []


def test_replicas_follow_a_queue_that_they_read(tmp_path: Path) -> None:
    scaling = {"signal": "queue", "queue": "remesh-hihg"}
    worker = {"worker": {"resources": {"cpu": "1", "memory": "1Gi"}, "scaling": scaling, "is_generation_bound": True}}
    message = {"topic": "edits", "direction": "subscribe", "subscription": "remesh-high"}
    declared = {**GOOD, "processes": worker, "health": None, "routes": None, "stores": {"messages": [message]}}
    write_service(tmp_path, declared)
    with pytest.raises(ConfigError) as caught:
        load_services(tmp_path)
    assert "replicas follow the queue 'remesh-hihg', which 'worker' does not read. Did you mean 'remesh-high'?" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("command", "queues"),
    [
        (["celery", "worker", "-Q", "a,b"], {"a", "b"}),
        (["celery", "worker", "--queues=a", "-E"], {"a"}),
        (["celery", "worker", "-Q"], set()),
        ([], set()),
    ],
)
def test_queues_of_celery_stand_in_the_command(command: list[str], queues: set[str]) -> None:
    process = Process.model_validate({"command": command, "resources": {"cpu": "1", "memory": "1Gi"}})
    assert celery_queues(process) == queues
