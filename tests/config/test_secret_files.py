"""Secret files of other projects that would hide what Karst gives a service, or that nobody would see."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environments
from karst.config.rules import OF_WORKLOADS
from karst.config.rules.secret_files import problems_of_workloads
from karst.config.rules.services import UPSTREAM
from karst.config.service import load_services
from karst.derived.workloads import Catalog
from tests.config.base import API, BASE, write
from tests.examples import ROOT

OURS = load_services(ROOT / "services_src")
CATALOG = Catalog(ours=OURS, tags=dict.fromkeys(OURS, "abc"), upstream=load_services(UPSTREAM))
RENAME = "Give the file another name."
CELERY = "/home/nginx/.cloudvolume/secrets/cave-secret.json"
ON_RUN = "services: 'landing' runs on Cloud Run, where no files of other projects are mounted. Take it out here."


def said(tmp_path: Path, extra: str) -> list[str]:
    """Problems with this extra secret where upstream's images run, as `key: message. remedy`."""
    text = BASE[API].replace(
        "services:\n", f"images: {{fallback: upstream}}\nsecrets: {{extra: [{extra}]}}\nservices:\n"
    )
    write(tmp_path, {**BASE, API: text})
    found = problems_of_workloads(load_environments(tmp_path)["api"], CATALOG)
    return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in found]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            "{name: cave-secret.json, secret: secret:a}",
            f"name: Karst writes {CELERY} of 'celery-consumer' itself. {RENAME}",
        ),
        (
            "{name: REDIS_BROKER_AUTH, secret: secret:a, services: [celery-producer]}",
            f"name: Karst gives 'celery-producer' a secret of this name. {RENAME}",
        ),
        (
            "{name: CAVE_TOKEN, secret: secret:a, services: [dash, pprogress, guidebook]}",
            f"name: Karst gives 'guidebook' a secret of this name. {RENAME}",
        ),
        (
            "{name: a.json, secret: secret:a, services: [landing]}",
            ON_RUN,
        ),
        (
            "{name: a.json, secret: secret:a, services: [dash, guidebok]}",
            "services[1]: there is no service 'guidebok'. Did you mean 'guidebook'?",
        ),
    ],
)
def test_files_that_hide_others_or_reach_nobody(tmp_path: Path, extra: str, message: str) -> None:
    assert problems_of_workloads in OF_WORKLOADS
    assert said(tmp_path, extra) == [f"secrets.extra[0].{message}"]


@pytest.mark.parametrize(
    "extra",
    [
        "{name: lab-google-secret.json, secret: secret:a}",
        "{name: cave-secret.json, secret: secret:a, services: [dash]}",
        "{name: .boto, secret: secret:a, services: [guidebook]}",
    ],
)
def test_files_beside_others(tmp_path: Path, extra: str) -> None:
    assert said(tmp_path, extra) == []


@pytest.mark.parametrize("name", [".", "..", "..data", "a/b", ""])
def test_names_that_are_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"secrets\.extra\[0\]\.name"):
        said(tmp_path, f"{{name: '{name}', secret: secret:a}}")
