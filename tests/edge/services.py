"""Services that a test makes up, and the edge of a deployment that runs them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from karst.app import create_app, synthesize
from karst.blueprint import Blueprint
from karst.config.deployment import Deployment
from karst.config.running import ServiceChoice
from karst.config.service import Service, load_services
from karst.config.service_runtime import Runtime
from karst.derived.workloads import Catalog, Workload, workloads
from stacks.edge import EdgeStack
from tests.examples import ROOT

Document = dict[str, Any]
RESOURCES = {"cpu": "100m", "memory": "128Mi"}


def workload(
    name: str,
    prefix: str | None,
    reads: Sequence[object] = (),
    writes: Sequence[object] = (),
    *,
    sticky: str | None = None,
    runtime: str = "gke",
    has_writer: bool = False,
    edge_s: int = 60,
) -> Workload:
    """A service that answers these paths; each is a path, or a path and its precedence."""
    routes = {
        "prefix": prefix,
        "sticky_prefix": sticky,
        "write_process": "writer" if has_writer else "web",
        "reads": [_route(each) for each in reads],
        "writes": [_route(each) for each in writes],
    }
    processes = {key: {"port": 8080, "resources": RESOURCES} for key in ("web", *(["writer"] if has_writer else []))}
    service = Service.model_validate(
        {
            "name": name,
            "description": "Made up.",
            "package": f"karst-{name}",
            "kinds": ["local"],
            "processes": processes,
            "health": {"live": "/health/live", "ready": "/health/ready"},
            "timeouts": {"handler_s": 30, "edge_s": edge_s},
            **({"routes": routes} if prefix else {}),
        }
    )
    return Workload(service=service, image="registry/x:1", runtime=Runtime(runtime), choice=ServiceChoice())


def _route(declared: object) -> dict[str, object]:
    path, precedence = declared if isinstance(declared, tuple) else (declared, 0)
    return {"path": path, "precedence": precedence}


def landing() -> Workload:
    """The page that answers all else."""
    return workload("landing", "/", ["/", "/static/{name}"], runtime="cloudrun")


def catalog() -> Catalog:
    """Every service that could run. Tags play no part at the edge."""
    ours = load_services(ROOT / "services_src")
    upstream = load_services(ROOT / "constructs" / "karst" / "upstream")
    return Catalog(ours=ours, tags=dict.fromkeys(ours, "tag"), upstream=upstream)


def deployment(**keys: object) -> Deployment:
    """A deployment of all kinds whose services are upstream's where there is no source of ours."""
    plain = {
        "name": "lab",
        "kinds": ["global", "local"],
        "gcp": {"project": "lab-cave", "project_number": "123456789012", "region": "us-east4", "zone": "us-east4-a"},
        "dns": {"zone": "example-org", "domain": "example.org"},
        "images": {"fallback": "upstream"},
    }
    return Deployment.model_validate({**plain, **keys})


def edge(of: Deployment, outdir: Path, running: Iterable[Workload] | None = None) -> Document:
    """The Terraform JSON of a deployment's edge; of all that it runs, unless a test says what runs."""
    every = workloads(of, catalog()) if running is None else tuple(running)
    app = create_app(outdir)
    EdgeStack(app, Blueprint(deployment=of, datasets=(), workloads=every))
    synthesize(app)
    document: Document = json.loads((outdir / "stacks" / of.name / "cdk.tf.json").read_text(encoding="utf-8"))
    return document
