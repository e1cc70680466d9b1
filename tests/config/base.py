"""A valid configuration of two deployments, and the means to break one line of it."""

from collections.abc import Mapping
from pathlib import Path

from karst.config.errors import ConfigError
from karst.config.rules import load_checked

GLOBAL = "global/deployment.yaml"
API = "api/deployment.yaml"
MINNIE = "api/datasets/minnie.yaml"
FLY = "api/datasets/fly.yaml"

BASE: Mapping[str, str] = {
    GLOBAL: """\
name: global
kinds: [global]
gcp:
  project: lab-global
  project_number: '123456789012'
  region: us-east4
  zone: us-east4-a
dns:
  zone: kingdom
  domain: example.org
  hostnames:
    - name: cave.example.org
""",
    API: """\
name: api
kinds: [local, clio]
global:
  host: cave.example.org
gcp:
  project: lab-cave
  project_number: '210987654321'
  region: us-east4
  zone: us-east4-a
  zones: [us-east4-a, us-east4-b]
  network:
    nodes: 10.40.0.0/20
    flow_logs: true
dns:
  zone: api-zone
  domain: api.example.org
generations:
  blue: {state: active, control_plane: 172.16.0.0/28}
  green: {state: standby, control_plane: 172.16.0.16/28}
edge:
  weights: {blue: 90, green: 10}
sql:
  cpu: 4
  memory_gb: 16
bigtable:
  nodes: 3
buckets:
  skeleton: gs://lab-skeletons/v4
materialization:
  schedules:
    - {name: daily, task: run_daily_periodic_materialization, cron: "10 8 * * *", datasets: [minnie]}
canary:
  datastack: minnie_public
  slack: {token: "secret:slack-token", channel: "#alerts"}
services:
  landing:
    scaling: {min: 1, max: 3}
    env: {THREADS: "4"}
labels: {owner: lab}
""",
    MINNIE: """\
name: minnie
state: active
aligned_volume:
  name: minnie65
  images: precomputed://gs://lab-em/minnie
  resolution_nm: [4, 4, 40]
graphs:
  minnie_v1: {layout: 3}
datastacks:
  minnie_public:
    segmentation: {graph: minnie_v1}
clio:
  key: MINNIE
""",
    FLY: """\
name: fly
aligned_volume:
  images: precomputed://gs://lab-em/fly
  resolution_nm: [8, 8, 8]
clio: {}
""",
}


def write(root: Path, files: Mapping[str, str]) -> None:
    """The configuration `files` under `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def edited(file: str, old: str, new: str, base: Mapping[str, str] = BASE) -> dict[str, str]:
    """`base` with the one place `old` of `file` replaced."""
    if base[file].count(old) != 1:
        raise AssertionError(f"{old!r} stands {base[file].count(old)} times in {file}")
    return {**base, file: base[file].replace(old, new)}


def messages(root: Path) -> list[str]:
    """What loading and checking `root` complains about, without the folder's own path."""
    try:
        load_checked(root)
    except ConfigError as error:
        return [str(problem).replace(f"{root}/", "") for problem in error.problems]
    return []
