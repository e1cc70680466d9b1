"""`cdktf synth` and `list`, and what they say where the application cannot synthesize."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cdktf.conftest import Project


def test_list_names_each_stack_with_its_folder(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.synthesize({"lab": ["lab-foundation"], "lab-foundation": []})
    assert project.cdktf("list", "--environments=far", "--only", "lab") == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Stack name        Path",
        "lab               cdktf.out/stacks/lab",
        "lab-foundation    cdktf.out/stacks/lab-foundation",
    ]
    assert said.err == ""
    [(_, environment)] = project.application_calls()
    assert (environment["KARST_ENVIRONMENTS"], environment["KARST_ONLY"]) == ("far", "lab")
    assert Path(environment["JSII_NODE"] or "").is_file()
    assert project.toolkit_calls() == []


def test_output_goes_where_it_is_told(project: Project) -> None:
    shutil.move(project.folder / "cdktf.out", project.folder / "elsewhere")
    assert project.cdktf("synth", "--output", "elsewhere") == 0
    assert project.application_calls()[0][1]["CDKTF_OUTDIR"] == "elsewhere"
    assert not (project.folder / "cdktf.out").exists()


def test_another_application(project: Project) -> None:
    assert project.cdktf("synth", "--app", "application --other") == 0
    assert project.application_calls()[0][0] == ["--other"]


@pytest.mark.parametrize("words", [["list"], ["synth"], ["diff", "demo"], ["deploy", "demo", "--auto-approve"]])
def test_stacks_of_earlier_runs_are_gone(
    project: Project, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    project.synthesize({"demo": []})
    assert project.cdktf(*words) == 0
    assert [path.name for path in (project.folder / "cdktf.out" / "stacks").iterdir()] == ["demo"]
    assert "other" not in capsys.readouterr().out
    assert {call[0] for call in project.all_calls()} <= {"demo"}
    assert project.cdktf("deploy", "other", "--skip-synth", "--auto-approve") == 2


@pytest.mark.parametrize("words", [["list"], ["synth"], ["diff", "demo"], ["deploy", "demo"], ["destroy", "demo"]])
def test_unusable_configuration_is_told_in_its_own_words(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("FAKE_APPLICATION_SAYS", "environments/demo/deployment.yaml:3: zone: is wrong. Mend it.")
    monkeypatch.setenv("FAKE_APPLICATION_STATUS", "2")
    assert project.cdktf(*words) == 2
    said = capsys.readouterr()
    assert said.err == "environments/demo/deployment.yaml:3: zone: is wrong. Mend it.\n"
    assert said.out == ""
    assert project.all_calls() == []


def test_a_failed_synthesis_leaves_nothing_to_deploy(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_APPLICATION_SAYS", "a bug")
    monkeypatch.setenv("FAKE_APPLICATION_STATUS", "1")
    assert project.cdktf("deploy", "demo", "--auto-approve") == 1
    assert capsys.readouterr().err == "a bug\nSynthesis failed, so nothing else was done.\n"
    assert project.cdktf("deploy", "demo", "--auto-approve", "--skip-synth") == 2
    assert project.all_calls() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cdktf.json: is missing. Run cdktf in the folder of the project."),
        ("{", "cdktf.json: cannot be read ("),
        ("[]", "cdktf.json: app is no command."),
        ('{"app": " "}', "cdktf.json: app is no command."),
    ],
)
def test_broken_project_file(
    project: Project, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    path = project.folder / "cdktf.json"
    path.unlink() if text is None else path.write_text(text)
    assert project.cdktf("list") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["list", "--dry-run"], "--dry-run means nothing to a command that plans nothing."),
        (["synth", "-refresh=false"], "-refresh=false means nothing to a command that plans nothing."),
        (["list", "demo"], "For those of one deployment, write --only DEPLOYMENT."),
        (["synth", "--skip-synth", "--hcl"], "--hcl goes to synthesis, which --skip-synth leaves out."),
    ],
)
def test_options_that_mean_nothing(
    project: Project, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert project.cdktf(*words) == 2
    assert message in capsys.readouterr().err
    assert project.application_calls() == []
