"""How long a report of a large plan takes: the whole command, and most of it that reads, judges and writes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench.measure import Figure, median_s, run_once
from bench.steps import KARST

RESOURCES, STACKS = 2000, 10
LIMIT_S = 2.0


def measure(folder: Path) -> list[Figure]:
    """Report 2,000 resources of ten stacks, in Markdown and as a page."""
    plans = folder / "plans"
    plans.mkdir()
    for number in range(STACKS):
        document = _plan(number, RESOURCES // STACKS)
        (plans / f"demo-data-{number}.json").write_text(json.dumps(document), encoding="utf-8")
    size_mb = sum(path.stat().st_size for path in plans.iterdir()) / 1e6
    command = [KARST, "plan-report", str(plans), "--html", str(folder / "report.html")]
    seconds = median_s(command)
    cpu_s = _cpu_s(command)
    page_mb = (folder / "report.html").stat().st_size / 1e6
    return [
        Figure(
            step="`karst plan-report`, 2,000 resources",
            value=seconds,
            limit=LIMIT_S,
            unit="s",
            note=f"{cpu_s:.1f} s of processor time; {size_mb:.1f} MB of plans, a page of {page_mb:.1f} MB",
        )
    ]


def _cpu_s(command: list[str]) -> float:
    """Processor time of one more run."""
    before = os.times()
    run_once(command)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _plan(number: int, resources: int) -> dict[str, object]:
    """A plan that creates, changes and grants; nothing in it needs an approval, which would end with a status."""
    changes = [_change(number, index) for index in range(resources)]
    standing = [{"address": f"a.b{index}", "values": {"name": f"b{index}"}} for index in range(resources)]
    return {
        "format_version": "1.2",
        "resource_changes": changes,
        "prior_state": {"values": {"root_module": {"resources": standing}}},
    }


def _change(number: int, index: int) -> dict[str, object]:
    name = f"pods__{number}__{index}"
    match index % 4:
        case 0:
            after = {"name": name, "public_access_prevention": "enforced", "location": "US-EAST4"}
            return _entry("google_storage_bucket", name, ["create"], None, after)
        case 1:
            grant = {"bucket": f"pods__{number}__{index - 1}", "role": "roles/storage.objectViewer", "member": "user:a"}
            return _entry("google_storage_bucket_iam_member", name, ["create"], None, grant)
        case _:
            before, after = (_deployment(name, replicas, index) for replicas in (1, 3))
            return _entry("kubernetes_deployment_v1", name, ["update"], before, after)


def _deployment(name: str, replicas: int, index: int) -> dict[str, object]:
    env = [{"name": f"SETTING_{one}", "value": f"{replicas if one == index % 40 else one}"} for one in range(40)]
    container = {
        "name": name,
        "image": f"example/{name}:{replicas}",
        "env": env,
        "resources": [{"limits": {"cpu": "1"}}],
    }
    template = [{"spec": [{"container": [container], "volume": []}], "metadata": [{"labels": {"app": name}}]}]
    return {"metadata": [{"name": name}], "spec": [{"replicas": str(replicas), "template": template}]}


def _entry(kind: str, name: str, actions: list[str], before: object, after: object) -> dict[str, object]:
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {"id": True}}
    return {"address": f"{kind}.{name}", "type": kind, "name": name, "change": change}
