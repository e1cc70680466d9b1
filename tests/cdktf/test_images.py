"""Images: built before anything is planned, or, where their registry comes with the deployment, before their stack."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import typer

from tests.cdktf.conftest import Project

IMAGE = "europe-west4-docker.pkg.dev/example/demo/landing:0123456789abcdef"
REGISTRY = {"type": "google_artifact_registry_repository", "name": "images"}
BUCKET = {"type": "google_storage_bucket", "name": "sources"}


@dataclass(kw_only=True)
class Builds:
    """What was built, and what Terraform had been called for by then."""

    project: Project
    is_broken: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)

    def build(self, service: str, environment: str, *_: object, **__: object) -> None:
        self.calls.append((service, environment))
        self.before = [f"{call[1]} {call[0]}" for call in self.project.all_calls()]
        if self.is_broken:
            raise typer.Exit(1)


@pytest.fixture
def builds(project: Project, monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds(project=project)
    monkeypatch.setattr("karst_cli.build.build", builds.build)
    folder = project.folder / "environments" / "demo"
    folder.mkdir(parents=True)
    (folder / "deployment.yaml").touch()
    resources = {REGISTRY["type"]: {REGISTRY["name"]: {}}, BUCKET["type"]: {BUCKET["name"]: {}}}
    project.content("demo-foundation", {"resource": resources})
    project.content(
        "demo-apps-blue", {"resource": {"x": {"y": {"image": IMAGE, "other": "docker.io/library/redis:8"}}}}
    )
    return builds


def test_built_once_before_anything_is_planned(project: Project, builds: Builds) -> None:
    project.behave(**{"state demo-foundation": {"resources": [REGISTRY, BUCKET]}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 0
    assert builds.calls == [("landing", "demo")]
    assert builds.before == ["init demo-foundation", "state demo-foundation"]
    assert project.calls("init").count("demo-foundation") == 1


@pytest.mark.parametrize("present", [[], [REGISTRY]])
def test_what_building_needs_is_deployed_first(project: Project, builds: Builds, present: list[dict[str, str]]) -> None:
    project.behave(**{"state demo-foundation": {"resources": present}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 0
    assert builds.calls == [("landing", "demo")]
    assert "apply demo-foundation" in builds.before
    assert "apply demo-apps-blue" not in builds.before


def test_a_failing_build_stops_before_any_plan(
    project: Project, builds: Builds, capsys: pytest.CaptureFixture[str]
) -> None:
    builds.is_broken = True
    project.behave(**{"state demo-foundation": {"resources": [REGISTRY, BUCKET]}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 1
    assert project.calls("plan") == project.calls("apply") == []
    said = capsys.readouterr().err
    assert "== demo-apps-blue: failed\nThe image of landing could not be built; the reason stands above." in said
    assert "To run it by hand: karst build landing --environment demo --environments " in said
    assert said.endswith("Not every image could be built, so nothing was planned or applied.\n")


def test_a_failing_build_on_the_way_stops_its_stack(project: Project, builds: Builds) -> None:
    builds.is_broken = True
    assert project.cdktf("deploy", "demo", "--auto-approve") == 1
    assert "demo-foundation" in project.calls("apply")
    assert not {"demo-apps-blue", "demo"} & set(project.calls("apply"))


@pytest.mark.parametrize("words", [["diff", "demo"], ["destroy", "demo", "demo-apps-blue", "--auto-approve"]])
def test_nothing_is_built_to_look_or_to_destroy(project: Project, builds: Builds, words: list[str]) -> None:
    project.behave(**{"state demo-foundation": {"resources": [REGISTRY, BUCKET]}})
    assert project.cdktf(*words) == 0
    assert builds.calls == []


def test_a_dry_run_names_the_images(project: Project, builds: Builds, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.cdktf("deploy", "demo", "--dry-run") == 0
    assert f"\n  {IMAGE}\n" in capsys.readouterr().out
    assert builds.calls == []
