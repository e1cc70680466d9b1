"""Folders and files: what is read, and what is said of everything else that lies there."""

import os
import time
from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environment, load_environments
from karst.config.rules import check_environments
from tests.config.base import BASE, messages, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, BASE)
    return tmp_path


def test_an_environment_knows_its_files_and_where_things_stand(root: Path) -> None:
    api = load_environment(root / "api")
    assert list(api.datasets) == ["fly", "minnie"]
    assert str(api.problem(("sql", "cpu"), "m", "R.")).endswith("deployment.yaml:23: sql.cpu: m. R.")
    assert str(api.dataset_problem("minnie", ("state",), "m", "R.")).endswith("minnie.yaml:2: state: m. R.")


def test_only_some(root: Path) -> None:
    assert list(load_environments(root, ["api"])) == ["api"]
    with pytest.raises(ConfigError, match=r"has no deployment 'ap'\. Did you mean 'api'\?"):
        load_environments(root, ["ap"])


@pytest.mark.parametrize(
    ("stray", "says"),
    [
        ("api/datasets/wasp.yml", "api/datasets/wasp.yml: is not read. Rename it to wasp.yaml."),
        ("api/deployment.yml", "api/deployment.yml: is not read. Rename it to deployment.yaml."),
        ("api/wasp.yaml", "api/wasp.yaml: is not read. Move a dataset to datasets/wasp.yaml."),
        ("api/notes.txt", "api/notes.txt: is a file that is not read."),
        ("api/dataset/wasp.yaml", "api/dataset: is a folder that is not read."),
        ("api/datasets/old/wasp.yaml", "api/datasets/old: is a folder that is not read."),
        ("api/datasets/x.yaml/y", "api/datasets/x.yaml: is a folder that is not read."),
        ("notes.txt", "notes.txt: is a file among the deployments."),
        ("wasp/datasets/a.yaml", "wasp/deployment.yaml: does not exist."),
        ("api/datasets/a\nb.yaml", "api/datasets/a\\nb.yaml:1: is empty."),
    ],
)
def test_what_nobody_would_read_is_said(root: Path, stray: str, says: str) -> None:
    (root / stray).parent.mkdir(parents=True, exist_ok=True)
    (root / stray).write_text("")
    assert any(line.startswith(says) for line in messages(root)), messages(root)


@pytest.mark.parametrize("kept", ["README.md", "api/README.md", "api/datasets/README.md", ".DS_Store"])
def test_what_may_lie_there(root: Path, kept: str) -> None:
    (root / kept).write_text("x")
    assert messages(root) == []


def test_approvals_are_held_to_their_form(root: Path) -> None:
    path = root / "api/approvals.yaml"
    path.write_text(
        "approvals:\n  - {address: google_a.b, stack: api, action: delete, reason: gone, until: 2026-12-31}\n"
    )
    assert messages(root) == []
    path.write_text("approvals:\n  - {address: google_a.b, stack: api, action: lose, reason: gone}\n")
    allowed = "'delete', 'replace', 'forget', 'unprotect', 'grant' or 'expose'"
    said = f"is 'lose', which is not allowed here. Write {allowed}."
    assert [one.removesuffix(" Did you mean 'expose'?") for one in messages(root)] == [
        f"api/approvals.yaml:2: approvals[0].action: {said}"
    ]


def test_links_are_refused(root: Path) -> None:
    (root / "api/datasets/copy.yaml").symlink_to(root / "api/datasets/fly.yaml")
    (root / "twin").symlink_to(root / "api")
    found = messages(root)
    assert any(line.startswith("api/datasets/copy.yaml: is a symbolic link.") for line in found)
    assert any(line.startswith("twin: is a symbolic link.") for line in found)


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "api/datasets/pipe.yaml")
    assert messages(root) == ["api/datasets/pipe.yaml: is no regular file. Put a YAML file here."]


def test_a_missing_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert messages(tmp_path / "absent")[0].endswith("absent: does not exist. Create it, or correct the path.")
    with pytest.raises(ConfigError) as told:
        load_environment(tmp_path / "absent")
    assert [problem.message for problem in told.value.problems] == ["does not exist"]
    assert "holds no deployment" in messages(tmp_path)[0]


def test_permission_denied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    assert any(line.startswith("api/deployment.yaml: may not be read by this user.") for line in messages(root))


def test_a_file_name_that_is_no_utf8(root: Path) -> None:
    (root / "api" / os.fsdecode(b"\xff.txt")).write_text("")
    assert any(line.startswith("api/\\xff.txt: is a file that is not read.") for line in messages(root))


def test_five_hundred_datasets_load_in_seconds(root: Path) -> None:
    for number in range(500):
        text = BASE["api/datasets/minnie.yaml"].replace("minnie", f"m{number}").replace("MINNIE", f"M{number}")
        (root / f"api/datasets/m{number}.yaml").write_text(text)
    started = time.perf_counter()
    environments = load_environments(root)
    check_environments(environments)
    assert time.perf_counter() - started < 10
    assert len(environments["api"].datasets) == 502
