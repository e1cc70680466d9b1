"""Who may import whom."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from source_files import ROOT, forbidden_imports, imports, is_within, python_files

INFRASTRUCTURE = frozenset({"karst", "karst_cli", "stacks", "constructs", "cdktn", "main"})
SERVICES = frozenset({"services_src", "karst_platform", "karst_landing", "karst_sql_roles"})
CLOUD_BINDINGS = (
    "cdktn",
    "constructs",
    "jsii",
    "cdktn_provider_google",
    "cdktn_provider_kubernetes",
    "cdktn_provider_helm",
    "cdktn_provider_random",
)


def service_packages() -> frozenset[str]:
    """Name the import packages of all services."""
    sources = (ROOT / "services_src").glob("*/src/*/__init__.py")
    return SERVICES | {path.parent.name for path in sources}


def test_services_import_no_infrastructure() -> None:
    assert forbidden_imports(python_files("services_src"), INFRASTRUCTURE) == []


def test_infrastructure_imports_no_service() -> None:
    files = [*python_files("constructs", "stacks"), *ROOT.glob("*.py")]
    assert forbidden_imports(files, service_packages()) == []


def test_the_library_imports_no_command_line() -> None:
    assert forbidden_imports(python_files("constructs/karst", "stacks"), frozenset({"karst_cli"})) == []


def test_the_library_imports_no_stacks() -> None:
    assert forbidden_imports(python_files("constructs/karst"), frozenset({"stacks", "main"})) == []


def test_there_is_something_to_look_at() -> None:
    assert python_files("constructs/karst")
    assert python_files("constructs/karst_cli")


def test_imports_are_found_at_any_depth_and_names_match_whole() -> None:
    source = "import a.b\nfrom c import d\ndef f():\n    from karst.config import x\n"
    assert list(imports(source)) == [(1, "a.b"), (2, "c.d"), (4, "karst.config.x")]
    assert is_within("karst.config", frozenset({"karst"}))
    assert not is_within("karst_platform", frozenset({"karst"}))


def loaded_bindings(code: str) -> list[str]:
    """Run `code` in a fresh interpreter and name the cloud bindings that it imported."""
    report = f"import sys, json; print('\\nloaded:', [m for m in {CLOUD_BINDINGS!r} if m in sys.modules])"
    script = f"try:\n    exec({code!r})\nexcept SystemExit as stop:\n    assert not stop.code, stop\n{report}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "constructs"), str(ROOT)])
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    listed = finished.stdout.rpartition("loaded:")[2].strip()
    return [name for name in CLOUD_BINDINGS if f"'{name}'" in listed]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import karst.config", id="karst.config"),
        pytest.param("import karst.naming", id="karst.naming"),
        pytest.param(
            "import sys; sys.argv = ['karst', '--help']; from karst_cli.main import main; main()", id="karst --help"
        ),
        pytest.param(
            "import sys; sys.argv = ['karst', 'validate', 'environments']; from karst_cli.main import main; main()",
            id="karst validate",
        ),
    ],
)
def test_no_cloud_binding_is_loaded_by(code: str) -> None:
    assert loaded_bindings(code) == []


def test_a_loaded_binding_would_be_seen() -> None:
    assert "constructs" in loaded_bindings("import constructs")
