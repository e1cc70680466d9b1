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
NOBODY = "nobody reads what"


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


def off(*services: str) -> str:
    return "".join(f"  {service}: {{enabled: false}}\n" for service in services)


REMESH = ("meshworker", "remeshworker")
LEVEL_2 = ("pcgl2cache-highpriority-worker", "pcgl2cache-lowpriority-worker")


@pytest.mark.parametrize(
    ("services", "message", "readers"),
    [
        (
            (*REMESH, *LEVEL_2),
            "'meshing' and 'pychunkedgraph' fill the topic 'edits' with",
            "'meshworker' or 'pcgl2cache-highpriority-worker' or 'pcgl2cache-lowpriority-worker' or 'remeshworker'",
        ),
        (("pcgl2cache-worker",), "'pcgl2cache' fills the topic 'l2cache' with", "'pcgl2cache-worker'"),
        (
            ("skeletoncache-worker-high",),
            "'skeletoncache' fills the topic 'skeletons-high' with",
            "'skeletoncache-worker-high'",
        ),
    ],
)
def test_a_reader_that_is_off_is_missed(tmp_path: Path, services: tuple[str, ...], message: str, readers: str) -> None:
    remedy = f"Let {readers} run, or turn off what fills it."
    assert said(tmp_path, off(*services)) == [f"services.{services[0]}: {NOBODY} {message}. {remedy}"]


@pytest.mark.parametrize("services", [(*LEVEL_2, "pcgl2cache-worker", "pcgl2cache"), REMESH, REMESH[:1]])
def test_one_reader_of_a_topic_is_enough(tmp_path: Path, services: tuple[str, ...]) -> None:
    assert said(tmp_path, off(*services)) == []


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
