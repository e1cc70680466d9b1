"""`constructs/` is a folder of ours and a library's name: both must work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from source_files import ROOT


def test_the_folder_is_no_package() -> None:
    assert not (ROOT / "constructs/__init__.py").exists()


def test_the_name_means_the_cdk_library_even_from_the_repository_root() -> None:
    code = "import sys; sys.path.insert(0, ''); import constructs; print(constructs.__file__, constructs.Construct)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "site-packages" in Path(finished.stdout.split()[0]).parts


def test_the_packages_import_from_anywhere(tmp_path: Path) -> None:
    code = "import karst, karst_cli, stacks, main, constructs; print(main.__file__)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert Path(finished.stdout.strip()) == ROOT / "main.py"
