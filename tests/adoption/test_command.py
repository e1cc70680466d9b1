"""`karst import` as an operator meets it: what it prints, how it ends, and that nothing is ever half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from karst.adoption.report import Report, Unknown, Warned, markdown, summary
from karst.config.yaml_source import read_source
from karst.drafts.folder import FolderError, write_folder
from karst.drafts.placeholders import UNKNOWN_NUMBER, left_in
from karst.drafts.yaml_text import yaml_text
from karst_cli.main import create_app
from tests.adoption.upstream_files import SECRETS, global_file, local_file
from tests.examples import ROOT

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: object) -> tuple[int, str]:
        typed = ["import", *map(str, arguments), "--output", str(tmp_path / "environments")]
        result = CliRunner().invoke(create_app(typed), typed)
        return result.exit_code, result.output

    return invoke


def test_it_writes_a_deployment_and_says_what_is_left(run: Run, tmp_path: Path) -> None:
    code, said = run(local_file(tmp_path))
    assert code == 0, said
    folder = tmp_path / "environments" / "reef"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "datasets", "deployment.yaml"]
    first = (folder / "deployment.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../docs/schemas/deployment.json"
    assert "gcloud projects describe kelp-lab-cave" in said
    assert [key for key, value in SECRETS.items() if value in said] == []
    code, valid = _validate(folder)
    assert (code, valid.strip()) == (0, "1 deployment, 1 dataset: valid")


def test_unknown_variables_end_a_strict_import_without_a_trace(run: Run, tmp_path: Path) -> None:
    file = global_file(tmp_path)
    file.write_text(file.read_text("utf-8") + "export LAB_CONTACT='room 12'\n", encoding="utf-8")
    code, said = run(file, "--strict")
    assert code == 3
    assert "LAB_CONTACT (line 75)" in said
    assert not (tmp_path / "environments").exists()
    assert run(file)[0] == 0


def test_a_strict_import_of_known_variables(run: Run, tmp_path: Path) -> None:
    assert run(global_file(tmp_path), "--strict")[0] == 0


def test_what_is_missing_is_told_with_what_swallowed_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hub.sh").write_text('export ENVIRONMENT="hub\nexport REGION=us-east4\n', encoding="utf-8")
    code, said = run(tmp_path / "hub.sh")
    assert code == 2
    assert "does not say PROJECT_NAME" in said
    assert "hub.sh:1: A double quote opens here and never closes" in said


def test_what_only_terragrunt_could_compute_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "terragrunt.hcl").write_text(
        'locals { common = read_terragrunt_config("x.hcl") }\n'
        "inputs = {\n  project_id = local.common.locals.project_id\n}\n",
        encoding="utf-8",
    )
    code, said = run(tmp_path / "terragrunt.hcl")
    assert code == 2
    assert "terragrunt.hcl:3: project_id is an expression that Karst does not compute. Write its value out." in said


def test_what_stands_is_replaced_only_by_force(run: Run, tmp_path: Path) -> None:
    file = global_file(tmp_path)
    assert run(file)[0] == 0
    folder = tmp_path / "environments" / "hub"
    (folder / "deployment.yaml").write_text("edited", encoding="utf-8")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    code, said = run(file)
    assert code == 2
    assert "write --force to replace it" in said
    assert (folder / "deployment.yaml").read_text("utf-8") == "edited"
    assert run(file, "--force")[0] == 0
    assert "name: hub" in (folder / "deployment.yaml").read_text("utf-8")
    assert not (folder / "mine.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["hub"]
    written = yaml.safe_load((folder / "deployment.yaml").read_text("utf-8"))
    assert "manage" not in written["gcp"], "it must not take what it replaces for a neighbour"


def test_another_name(run: Run, tmp_path: Path) -> None:
    code, said = run(global_file(tmp_path), "--name", "north", "--project-number", "123456789012")
    assert code == 0, said
    written = yaml.safe_load((tmp_path / "environments/north/deployment.yaml").read_text("utf-8"))
    assert (written["name"], written["gcp"]["project_number"]) == ("north", "123456789012")
    assert written["gcp"]["cluster"]["name"] == "daf-hub"


@pytest.mark.parametrize("name", ["Not A Name", "../outside", "", "a" * 21])
def test_a_name_that_no_deployment_can_have(run: Run, tmp_path: Path, name: str) -> None:
    code, said = run(global_file(tmp_path), "--name", name)
    assert code == 2, said
    assert not (tmp_path / "environments").exists()


def test_a_file_that_says_too_little(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "little.sh"
    file.write_text(
        'export ENVIRONMENT=x1\nexport POSTGRES_WRITE_USER_PASSWORD="hidden-Value-7766"\n', encoding="utf-8"
    )
    code, said = run(file)
    assert code == 2
    assert "PROJECT_NAME" in said
    assert "hidden-Value-7766" not in said


def test_a_value_without_which_nothing_works(run: Run, tmp_path: Path) -> None:
    file = global_file(tmp_path)
    file.write_text(file.read_text("utf-8") + "export REGION='Somewhere Else'\n", encoding="utf-8")
    code, said = run(file)
    assert code == 2
    assert "REGION has a value that gcp.region can't take" in said
    assert "Somewhere" not in said


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, said = run(tmp_path / "none.sh")
    assert code == 2
    assert "none.sh" in said


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "environments" / "hub"

    def fail(_draft: Path) -> dict[str, str]:
        raise OSError(28, "No space left on device")

    with pytest.raises(FolderError, match="no space left on device"):
        write_folder(
            target, {"deployment.yaml": "name: hub\n"}, may_replace=False, elsewhere="Go elsewhere", inspect=fail
        )
    assert list(target.parent.iterdir()) == []
    target.mkdir()
    (target / "deployment.yaml").write_text("old")
    with pytest.raises(FolderError):
        write_folder(
            target, {"deployment.yaml": "name: hub\n"}, may_replace=True, elsewhere="Go elsewhere", inspect=fail
        )
    assert (target / "deployment.yaml").read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_a_link_is_no_place_for_a_deployment(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "hub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderError, match="is no folder"):
        write_folder(tmp_path / "hub", {"a": "b"}, may_replace=True, elsewhere="Go elsewhere", inspect=lambda _: {})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_names_become_no_markup() -> None:
    hostile = "x`|<script>[a](b)"
    report = Report(
        source=Path("hub.sh"),
        deployment="hub",
        kind="global",
        mapped=(),
        derived=(),
        secrets=(),
        unknown=(Unknown(name=hostile, line=1, nearest=None),),
        warnings=(Warned(place=hostile, message="See <b>this</b>."),),
    )
    page = markdown(report)
    assert "`` x`|<script>[a](b) ``" in page
    assert "<b>" not in page
    assert "1 unknown" in summary(report, Path("environments/hub"))


Texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp")) | st.sampled_from("\n\t"))
Nodes = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32) | Texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(Texts.filter(bool), inner, max_size=4),
    max_leaves=12,
)


@given(data=st.dictionaries(Texts.filter(bool), Nodes, min_size=1, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("yaml") / "deployment.yaml"
    path.write_text(yaml_text("# head", data, {}), encoding="utf-8")  # type: ignore[arg-type]
    assert dict(read_source(path).data) == data


def _validate(folder: Path) -> tuple[int, str]:
    typed = ["validate", str(folder)]
    result = CliRunner().invoke(create_app(typed), typed)
    return result.exit_code, result.output


def test_what_is_left_to_fill_in_is_found_again(run: Run, tmp_path: Path) -> None:
    run(local_file(tmp_path))
    folder = tmp_path / "environments" / "reef"
    lines = (folder / "deployment.yaml").read_text("utf-8").splitlines()
    found = [place for place in left_in(folder) if "deployment.yaml" in place]
    assert any(UNKNOWN_NUMBER in lines[int(place.rpartition(":")[2]) - 1] for place in found)
    assert any("datasets" in place for place in left_in(folder))
    typed = ["bootstrap", "reef", "--environments", str(folder.parent), "--dry-run"]
    ended = CliRunner().invoke(create_app(typed), typed)
    assert (ended.exit_code, "Fill in first what nobody knew" in ended.output) == (2, True)


def test_the_examples_have_nothing_to_fill_in() -> None:
    assert left_in(ROOT / "environments") == []
