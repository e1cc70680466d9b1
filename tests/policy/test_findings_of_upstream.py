"""Which rule or test shows each of the known faults S1-S15 and R1-R18 gone, and which wait for later stacks."""

from __future__ import annotations

from karst.policy.rules import ALL
from tests.examples import ROOT

SHOWN = {
    "S1": ("KARST_IAM_2",),
    "S2": ("KARST_SEC_1", "KARST_SEC_2"),
    "S4": ("KARST_IAM_3", "KARST_IAM_4", "KARST_RUN_2"),
    "S5": ("KARST_SQL_1", "KARST_REDIS_1", "KARST_RUN_1"),
    "S9": ("KARST_IMAGE_1",),
    "S10": ("KARST_SEC_1",),
    "S12": ("KARST_SEC_3",),
    "S13": ("KARST_GCS_1", "KARST_GCS_4"),
    "S15": ("tests/upstream/test_render.py",),
    "R2": ("tests/synth/test_postgres.py", "tests/synth/test_redis.py"),
    "R3": ("KARST_SQL_2", "KARST_BT_1", "KARST_FS_1", "KARST_GCS_2", "KARST_GCS_3"),
    "R4": ("KARST_SQL_3",),
    "R5": ("KARST_REDIS_2",),
    "R6": ("KARST_MSG_1", "KARST_MSG_2", "KARST_MSG_3", "KARST_MSG_4"),
    "R7": ("KARST_KEEP_1", "KARST_KEEP_2"),
    "R8": ("KARST_RUN_3",),
    "R18": ("KARST_WATCH_1", "tests/synth/test_watching.py"),
}
LATER = {
    "S3": "roles in the databases come with the migrations of the apps stack",
    "S6": "network policies are the cluster's",
    "S7": "security contexts are the cluster's workloads'",
    "S8": "cluster roles are the cluster's",
    "S11": "rotation needs the workloads that read the secrets",
    "S14": "addresses inside the cluster are the apps stack's",
    "R1": "disruption budgets are the cluster's",
    "R9": "readiness without a database is each ported service's",
    "R10": "limits of workers are the apps stack's; Cloud Run's are held by KARST_RUN_3",
    "R11": "balancing over workers is the apps stack's",
    "R12": "the budget of timeouts spans ingress and workloads of the apps stack",
    "R13": "the scheduler is a workload of the apps stack",
    "R14": "migration jobs are the apps stack's",
    "R15": "a second apply without changes needs a cloud",
    "R16": "draining is the workers'",
    "R17": "node pools are the cluster's",
}


def test_every_fault_is_either_shown_or_said_to_come_later() -> None:
    every = {f"S{number}" for number in range(1, 16)} | {f"R{number}" for number in range(1, 19)}
    assert SHOWN.keys() | LATER.keys() == every
    assert SHOWN.keys() & LATER.keys() == set()


def test_what_shows_a_fault_exists() -> None:
    rules = {rule.id for rule in ALL}
    missing = [name for names in SHOWN.values() for name in names if name not in rules and not (ROOT / name).is_file()]
    assert missing == []
