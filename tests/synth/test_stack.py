import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cdktn import App, TerraformStack
from cdktn_provider_google.compute_network import ComputeNetwork
from constructs import Construct

from karst import path_named_stack
from karst.app import SynthesisError, create_app, plain_errors, synthesize
from karst.protection import Protection
from karst.stack import KarstStack, StackProps, StateLocation
from tests.synth.support import resources, synth

ROOT = Path(__file__).parents[2]


def _stack(app: App, state: StateLocation | None = None) -> KarstStack:
    return KarstStack(
        app, "x-foundation", StackProps(project="p", region="us-east4", labels={"owner": "lab"}, state=state)
    )


def _written(folder: Path) -> dict[str, dict[str, object]]:
    written: dict[str, dict[str, object]] = json.loads((folder / "stacks/x-foundation/cdk.tf.json").read_text())
    return written


def test_an_address_is_the_construct_path_without_a_hash():
    def build(stack: TerraformStack) -> None:
        inner = Construct(Construct(stack, "shared-net"), "vpc_a")
        ComputeNetwork(inner, "network", name="n")

    assert list(resources(synth(build), "google_compute_network")) == ["shared_net__vpc_a__network"]


def test_clashing_addresses_name_both_constructs():
    def build(stack: TerraformStack) -> None:
        ComputeNetwork(Construct(stack, "a-b"), "network", name="n")
        ComputeNetwork(Construct(stack, "a_b"), "network", name="m")

    with pytest.raises(SynthesisError, match=r"constructs 'a-b/network' and 'a_b/network' both become .*: rename one"):
        synth(build)


def test_an_id_that_cannot_be_an_address_is_named():
    def build(stack: TerraformStack) -> None:
        ComputeNetwork(stack, "Réseau 1", name="n")

    with pytest.raises(SynthesisError, match="construct 'Réseau 1' cannot name a resource"):
        synth(build)


@pytest.mark.parametrize(
    ("protection", "policy"),
    [(Protection.PROTECTED, "PREVENT"), (Protection.RELEASED, "DELETE"), (Protection.ABANDONED, "ABANDON")],
)
def test_the_provider_states_what_deleting_means(protection: Protection, policy: str):
    document = synth(lambda stack: None, protection)
    assert document["provider"]["google"][0]["deletion_policy"] == policy


def test_only_released_lifts_the_switches_of_the_cloud():
    assert [protection.is_on for protection in Protection] == [True, False, True]


def test_without_a_bucket_state_is_a_relative_file(tmp_path: Path):
    app = create_app(tmp_path / "deep" / "out")
    _stack(app)
    synthesize(app)
    written = _written(tmp_path / "deep" / "out")
    assert written["terraform"]["backend"] == {"local": {"path": "../../../state/x-foundation.tfstate"}}
    assert "data" not in written


def test_each_stack_has_a_folder_in_the_state_bucket(tmp_path: Path):
    app = create_app(tmp_path)
    _stack(app, StateLocation(bucket="lab-state", prefix="/global/"))
    synthesize(app)
    assert _written(tmp_path)["terraform"]["backend"] == {
        "gcs": {"bucket": "lab-state", "prefix": "global/x-foundation"}
    }


class _Broken(Construct):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        ComputeNetwork(self, "network", name=7)  # type: ignore[arg-type]


def test_a_wrong_type_names_construct_and_property(tmp_path: Path):
    stack = _stack(create_app(tmp_path))
    with (
        pytest.raises(SynthesisError, match=r"^x-foundation/network: property 'name' must be .*str.*int"),
        plain_errors(),
    ):
        _Broken(stack, "network")


def test_an_error_of_ours_passes_untouched():
    with pytest.raises(ValueError, match=r"^ours$"), plain_errors():
        raise ValueError("ours")


_PROGRAM = """
import sys
from pathlib import Path
from karst.app import create_app, synthesize
from karst.gcp.project_services import ProjectServices, ProjectServicesProps
from karst.stack import KarstStack, StackProps
app = create_app(Path(sys.argv[1]))
labels = {name: name for name in {"owner", "deployment", "team", "cost"}}
stack = KarstStack(app, "x-foundation", StackProps(project="p", region="us-east4", labels=labels))
ProjectServices(stack, "services", ProjectServicesProps(project="p"))
synthesize(app)
"""


def test_two_folders_and_hash_seeds_give_the_same_bytes(tmp_path: Path):
    folders = [tmp_path / "one", tmp_path / "much" / "deeper" / "two"]
    for seed, folder in enumerate(folders):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT / "constructs")}
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-c", _PROGRAM, str(folder)], check=True, env=environment, cwd=folder.parent)
    names = ["manifest.json", "stacks/x-foundation/cdk.tf.json"]
    assert filecmp.cmpfiles(folders[0], folders[1], names, shallow=False) == (names, [], [])


def test_equal_sources_make_equal_archives_for_the_toolkit_keeps_each():
    assert path_named_stack.archive() == path_named_stack.archive()
