"""`karst new`: a deployment, a dataset or a lab's repository from a few answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from karst.config.errors import ConfigError, Problem
from karst.config.loader import load_environment
from karst.config.types import DatasetName, DeploymentName, Kind, Tier
from karst.drafts.addition import add_file
from karst.drafts.check import neighbours, problems
from karst.drafts.folder import FolderError, write_folder
from karst.scaffolding.dataset import NewDataset, dataset_yaml
from karst.scaffolding.deployment import NewDeployment, deployment_yaml
from karst.scaffolding.lab_repository import THEIRS, Pin, PinError, repository_files

Number = TypeVar("Number", int, float)

UNUSABLE, INVALID = 2, 4
SERVICES_FOLDER = Path("services_src")
EXITS = (
    "Exit status: 0 written, 2 not possible like this, 4 the answers make no valid configuration (nothing is written)."
)

Environments = Annotated[
    Path, typer.Option("--environments", metavar="DIR", envvar="KARST_ENVIRONMENTS", help="Folder of all deployments.")
]

new = typer.Typer(
    help="Write a deployment, a dataset or a lab's repository.", no_args_is_help=True, pretty_exceptions_enable=False
)


@new.callback()
def _keep_commands_named() -> None:
    """Write a deployment, a dataset or a lab's repository. What isn't given is asked for, where somebody can answer."""


@new.command(epilog=EXITS)
def deployment(
    name: Annotated[str, typer.Argument(help="Its name, and that of its folder; resources are named after it.")],
    kinds: Annotated[
        str | None, typer.Option(metavar="KIND[,KIND]", help="What it runs: global, local, clio, or several.")
    ] = None,
    project: Annotated[str | None, typer.Option(metavar="ID", help="Google Cloud project.")] = None,
    project_number: Annotated[str | None, typer.Option(metavar="NUMBER", help="Number of that project.")] = None,
    region: Annotated[str | None, typer.Option(help="Region, best where the images stand.")] = None,
    domain: Annotated[str | None, typer.Option(help="Domain under which it answers, at NAME.DOMAIN.")] = None,
    administrator: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Person who lets the first others in.")
    ] = None,
    global_host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Global services, for `local` without `global`.")
    ] = None,
    tier: Annotated[str, typer.Option(help="dev: cheap, one of each. prod: data in more than one zone.")] = "dev",
    environments: Environments = Path("environments"),
) -> None:
    """Write `deployment.yaml` with comments: it validates, plans and runs on this machine."""
    _check_name("deployment", name, _DEPLOYMENT_NAME, 20)
    chosen = _kinds(_answer(kinds, "--kinds", "What it runs: global, local, clio, or several", "global,local,clio"))
    answers = NewDeployment(
        name=name,
        kinds=chosen,
        project=_answer(project, "--project", "Google Cloud project"),
        project_number=_answer(project_number, "--project-number", "Number of that project"),
        region=_answer(region, "--region", "Region", "us-east4"),
        domain=_answer(domain, "--domain", f"Domain; it will answer at {name}.DOMAIN"),
        administrator=_answer(administrator, "--administrator", "Address of its first administrator"),
        global_host=_global_host(chosen, global_host),
        tier=_tier(tier),
    )
    found: tuple[Problem, ...] = ()

    def inspect(folder: Path) -> Mapping[str, str]:
        nonlocal found
        found = problems(folder, environments, SERVICES_FOLDER)
        if found:
            raise FolderError("\n".join(str(one).replace(f"{folder}{os.sep}", "") for one in found))
        return {}

    files = {"deployment.yaml": deployment_yaml(answers, neighbours(environments))}
    try:
        write_folder(environments / name, files, may_replace=False, elsewhere=_ANOTHER_NAME, inspect=inspect)
    except FolderError as error:
        _end("deployment", f"{error}{_UNWRITTEN if found else ''}", INVALID if found else UNUSABLE)
    typer.echo(
        f"{environments / name / 'deployment.yaml'} is written.\n"
        f"Rehearse it: karst up {environments / name}\n"
        f"Add a dataset: karst new dataset NAME --deployment {name}\n"
        f"Prepare the cloud: karst bootstrap {name}"
    )


@new.command(epilog=EXITS)
def dataset(
    name: Annotated[str, typer.Argument(help="Its name, and that of its file.")],
    deployment: Annotated[str | None, typer.Option(metavar="NAME", help="Deployment that gets it.")] = None,
    images: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Where the images stand: precomputed://gs://BUCKET/PATH.")
    ] = None,
    resolution: Annotated[str | None, typer.Option(metavar="X,Y,Z", help="Size of a voxel in nm.")] = None,
    size: Annotated[str | None, typer.Option(metavar="X,Y,Z", help="Voxels of the images on each axis.")] = None,
    graph: Annotated[
        str | None, typer.Option(metavar="TABLE", help="A graph in which people merge and split; its table is made.")
    ] = None,
    segmentation: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="A segmentation that never changes.")
    ] = None,
    environments: Environments = Path("environments"),
) -> None:
    """Write the dataset's file with comments."""
    _check_name("dataset", name, _DATASET_NAME, 30)
    folder = environments / (deployment or _only_deployment(environments))
    answers = NewDataset(
        name=name,
        images=_answer(images, "--images", "Where the images stand, such as precomputed://gs://BUCKET/PATH"),
        resolution_nm=_numbers(
            "--resolution", _answer(resolution, "--resolution", "Size of a voxel: x,y,z in nm"), float
        ),
        size_voxels=None if size is None else _numbers("--size", size, int),
        graph=graph,
        segmentation=segmentation,
    )
    try:
        text = dataset_yaml(answers, load_environment(folder).deployment.kinds)
        found = add_file(
            folder, f"datasets/{name}.yaml", text, lambda draft: problems(draft, environments, SERVICES_FOLDER)
        )
    except ConfigError as error:
        _end("dataset", f"the deployment in {folder} can't be read:\n{error}", UNUSABLE)
    except OSError as error:
        _end("dataset", f"{error.filename}: {(error.strerror or str(error)).lower()}. Choose another name", UNUSABLE)
    if found:
        _end("dataset", "\n".join(found) + _UNWRITTEN, INVALID)
    typer.echo(f"{folder / 'datasets' / name}.yaml is written. See what it makes: cdktf diff {folder.name}")


@new.command(epilog=EXITS)
def repository(
    folder: Annotated[Path, typer.Argument(help="Where it goes: a new folder, or an empty one.")],
    karst: Annotated[
        str | None,
        typer.Option(metavar="OWNER/NAME@COMMIT", help="Karst that it runs; by default what is checked out here."),
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Bring workflows, schemas and Makefile of an older one up to date, nothing else."),
    ] = False,
) -> None:
    """Write a private repository for a lab's deployments: environments, workflows, and which Karst they run."""
    try:
        pin = _pin_of_checkout() if karst is None else Pin.parse(karst)
    except PinError as error:
        _end("repository", str(error), UNUSABLE)
    files = repository_files(pin)
    if renew:
        files = {path: text for path, text in files.items() if path not in THEIRS}
    elif folder.exists() and (not folder.is_dir() or any(one.name != ".git" for one in folder.iterdir())):
        _end("repository", f"{folder} holds something already. Name a new folder, or write --renew", UNUSABLE)
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        _end("repository", f"{error.filename}: {(error.strerror or str(error)).lower()}", UNUSABLE)
    typer.echo(
        f"{folder} holds {len(files)} files, for Karst {pin.repository} at {pin.commit[:12]}. Read its README.md"
    )


_DEPLOYMENT_NAME: TypeAdapter[str] = TypeAdapter(DeploymentName)
_DATASET_NAME: TypeAdapter[str] = TypeAdapter(DatasetName)
_ANOTHER_NAME = "Take another name, or edit it there"
_UNWRITTEN = "\nNothing is written: correct the answers"


def _answer(given: str | None, option: str, question: str, default: str | None = None) -> str:
    """What was given, or what somebody at the terminal answers; where nobody is, the default."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        answer: str = typer.prompt(question, default=default)
        return answer.strip()
    if default is None:
        _end("", f"{option} is missing, and nobody is there to be asked. {question}: add {option} VALUE", UNUSABLE)
    return default


def _check_name(command: str, name: str, pattern: TypeAdapter[str], most: int) -> None:
    """Refuse a name that is none before any path is made of it."""
    try:
        pattern.validate_python(name)
    except ValidationError:
        _end(
            command,
            f"{name!r} can't be its name. Write at most {most} small letters, digits and '-', beginning with a letter",
            UNUSABLE,
        )


def _kinds(text: str) -> tuple[Kind, ...]:

    asked = [part.strip() for part in text.split(",") if part.strip()]
    if unknown := sorted(set(asked) - set(Kind)):
        _end("deployment", f"there is no kind {', '.join(unknown)}. Write any of {', '.join(Kind)}", UNUSABLE)
    if not asked:
        _end("deployment", f"it would run nothing. Write any of {', '.join(Kind)} as --kinds", UNUSABLE)
    return tuple(kind for kind in Kind if kind in asked)


def _tier(text: str) -> Tier:

    if text not in set(Tier):
        _end("deployment", f"there is no tier {text}. Write {' or '.join(Tier)}", UNUSABLE)
    return Tier(text)


def _global_host(kinds: tuple[Kind, ...], given: str | None) -> str | None:
    if "local" not in kinds or "global" in kinds:
        return None
    return _answer(given, "--global-host", "Host of its global services")


def _numbers(option: str, text: str, number: Callable[[str], Number]) -> tuple[Number, ...]:
    parts = text.replace("x", ",").split(",")
    try:
        found = tuple(number(part) for part in parts)
    except ValueError:
        found = ()
    if len(found) != len("xyz"):
        _end("dataset", f"{option} {text} are not three numbers. Write x, y, z with commas, such as 8,8,40", UNUSABLE)
    return found


def _only_deployment(environments: Path) -> str:
    names = sorted(path.parent.name for path in environments.glob("*/deployment.yaml"))
    if len(names) != 1:
        known = ", ".join(names) or f"none stands in {environments}; begin with: karst new deployment NAME"
        _end("dataset", f"say which deployment gets it by --deployment NAME (known: {known})", UNUSABLE)
    return names[0]


def _pin_of_checkout() -> Pin:

    here = Path(__file__).resolve().parents[2]
    return Pin.of_checkout(_git(here, "remote", "get-url", "origin"), _git(here, "rev-parse", "HEAD"))


def _git(folder: Path, *arguments: str) -> str:

    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PinError(
            "Karst runs from no checkout of git with a remote, so nothing says which one workflows should fetch. "
            "Write --karst OWNER/NAME@COMMIT"
        ) from error
    return done.stdout.strip()


def _end(command: str, message: str, status: int) -> NoReturn:
    typer.echo(f"{f'karst new {command}'.strip()}: {message}", err=True)
    raise typer.Exit(status)
