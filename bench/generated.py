"""A deployment with any number of datasets, each with all that a proofread dataset usually declares."""

from __future__ import annotations

from pathlib import Path

NAME = "bench"

_DEPLOYMENT = f"""\
name: {NAME}
kinds: [global, local]
gcp:
  project: karst-bench-100000
  project_number: "100000000000"
  region: us-east4
  zone: us-east4-a
dns: {{zone: bench-example-org, domain: bench.example.org}}
auth:
  admins:
    - {{email: admin@example.org, name: Admin, pi: Lab}}
"""

_DATASET = """\
name: {name}
aligned_volume:
  images: precomputed://gs://karst-bench-em/{name}
  resolution_nm: [4, 4, 40]
graphs:
  {name}_v1: {{}}
datastacks:
  {name}_stack:
    segmentation: {{graph: {name}_v1}}
"""


def write_environment(root: Path, datasets: int) -> Path:
    """Write a deployment with that many datasets below `root`; gives the folder of deployments."""
    folder = root / f"{datasets}-datasets"
    (folder / NAME / "datasets").mkdir(parents=True)
    (folder / NAME / "deployment.yaml").write_text(_DEPLOYMENT, encoding="utf-8")
    for number in range(datasets):
        name = f"d{number:03}"
        (folder / NAME / "datasets" / f"{name}.yaml").write_text(_DATASET.format(name=name), encoding="utf-8")
    return folder
