"""The promises of the one Dockerfile, read from the file itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services_src"
LOCKS = sorted([*SERVICES.glob("*/requirements.lock"), *SERVICES.glob("*/build.lock")])


def instructions() -> list[tuple[str, str]]:
    text = (SERVICES / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    every = instructions()
    begins = [place for place, (word, _) in enumerate(every) if word == "FROM"]
    assert len(begins) == 3
    return every[begins[-1] :]


def words(name: str) -> list[str]:
    return [rest for word, rest in last_stage() if word == name]


def test_base_images_are_pinned_to_exact_versions() -> None:
    images = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG" and "=" in rest)
    assert set(images) == {"PYTHON_IMAGE", "UV_IMAGE"}
    for image in images.values():
        assert re.search(r":\d+\.\d+\.\d+[a-z-]*$", image), f"{image} is not pinned"
    used = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    assert used == {"${PYTHON_IMAGE}", "${UV_IMAGE}"}


def test_it_runs_as_a_high_numeric_user_without_a_shell() -> None:
    user, group = words("USER")[-1].split(":")
    assert int(user) >= 10000
    assert int(group) >= 10000
    assert json.loads(words("ENTRYPOINT")[-1]) == ["karst-service"]
    assert [word for word, _ in last_stage()].index("USER") < [word for word, _ in last_stage()].index("ENTRYPOINT")


def test_it_listens_on_8080_and_writes_nothing_into_itself() -> None:
    environment = " ".join(words("ENV"))
    assert words("EXPOSE") == ["8080"]
    assert words("WORKDIR") == ["/tmp"]
    for setting in ("HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"):
        assert setting in environment


def test_the_result_has_no_build_tools() -> None:
    assert words("COPY") == ["--from=build /opt/karst /opt/karst"]
    assert "pip" in words("RUN")[0]
    assert not any("uv " in rest or "apt" in rest for rest in words("RUN"))


def test_everything_from_an_index_is_pinned_by_hash() -> None:
    installs = [
        part for word, rest in instructions() if word == "RUN" for part in rest.split("&&") if "install" in part
    ]
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--offline" in install, install
    assert all("--no-build-isolation" in r for w, r in instructions() if w == "RUN" and "uv build" in r)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_locks_have_hashes_and_name_no_host(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "-e " not in text
    requirements = text.replace("\\\n", " ").splitlines()
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_locks_were_found() -> None:
    assert {f"{lock.parent.name}/{lock.name}" for lock in LOCKS} >= {"landing/requirements.lock", "platform/build.lock"}
