"""Loads of a provider's bindings only the resource types that the application uses: seconds less in every synthesis.

A provider's wheel holds every type the provider knows. The toolkit's runtime resolves all of them at load, so a program
that uses sixty waits for a thousand. From the installed wheel this module derives an archive with the submodules in use
(their types, their code, an index that names them), keeps it in the user's cache, and hands that to the runtime. What
is synthesized is the same to the byte: a test compares every example.

On any surprise the whole archive is loaded, as if this module weren't there; `KARST_FULL_BINDINGS=1` asks for that.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from karst.lean_bindings import LeanFinder

SWITCH = "KARST_FULL_BINDINGS"
"""Environment variable that, set to anything but 0, turns this module off."""

_FORMAT = 2
"""Part of the cache's key; raise it when the derived archive changes."""
_KEPT_ARCHIVES = 12
_TRIAL = "import sys, cdktn; from jsii._runtime import kernel; kernel.load(*sys.argv[1:])"
_PROVIDER_PREFIX = "cdktn_provider_"
_ASSEMBLY_PREFIX = "@cdktn/provider-"
_IMPORT = re.compile(rf"^\s*(?:from|import)\s+{_PROVIDER_PREFIX}(\w+)\.(\w+)", re.MULTILINE)
_EXPORT = re.compile(r'^exports\.(?P<name>\w+) = __importStar\(require\("\./(?P<folder>[\w-]+)/index"\)\);$')
_REQUIRE = re.compile(r'require\("(?:\.\./)+([\w-]+)/index"\)')
_ASSEMBLY, _INDEX = "package/.jsii", "package/lib/index.js"
_FILES = frozenset({_ASSEMBLY, "package/package.json", "package/LICENSE"})
_MAP = b"\n//# sourceMappingURL="
_DOCS = frozenset({"docs", "readme", "locationInModule", "symbolId"})
_log = logging.getLogger(__name__)

Submodules = Mapping[str, frozenset[str]]
"""Provider (`google`) to the Python names of its submodules (`storage_bucket`)."""


class IncompleteBindingsError(ImportError):
    """The application imports a submodule that its sources didn't show when the bindings were loaded."""


class UnknownArchiveError(Exception):
    """An archive is not laid out as this module expects, so nothing is derived from it."""


def activate(sources: Iterable[Path]) -> None:
    """Load, from now on in this process, only what the Python files below `sources` import of each provider.

    Call it before the first import of a provider; one that is loaded already stays as it is. Importing later a
    submodule that no file names raises `IncompleteBindingsError`.
    """
    if os.environ.get(SWITCH, "0") not in {"", "0"}:
        return
    # Importing the runtime starts Node, which a program that only looks at this module does not need.
    from jsii._runtime import kernel  # noqa: PLC0415

    if isinstance(kernel.load, Loader):
        return
    used = submodules_used(sources)
    kernel.load = Loader(load=kernel.load, used=used, cache=cache_folder())
    sys.meta_path.insert(0, _Watch(used, loaded=kernel.load.pruned))
    if not __debug__:
        sys.meta_path.insert(1, LeanFinder(_PROVIDER_PREFIX, cache_folder().parent / "code"))


def submodules_used(sources: Iterable[Path]) -> Submodules:
    """What the Python files below `sources` import of each provider."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for path in source.rglob("*.py"):
            for provider, submodule in _IMPORT.findall(path.read_text(encoding="utf-8")):
                found.setdefault(provider, set()).add(submodule)
    return {provider: frozenset(names) for provider, names in sorted(found.items())}


def cache_folder() -> Path:
    """Where derived archives are kept, for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "karst" / "bindings"


def pruned_archive(archive: Path, submodules: frozenset[str], cache: Path) -> Path:
    """The part of a provider's `archive` that holds `submodules`, from `cache` or made now.

    Raises `UnknownArchiveError` where the archive is not as expected, `OSError` where the cache can't be written.
    """
    stamp = archive.stat()
    key = json.dumps([_FORMAT, archive.name, stamp.st_size, stamp.st_mtime_ns, sorted(submodules)])
    target = cache / f"{archive.name.split('@')[0]}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.tgz"
    if target.is_file():
        return target
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = _prune(archive, submodules)
    # Two programs at once may both come here; each writes a file of its own, and the last name wins.
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".new", delete=False) as file:
        file.write(content)
    new = Path(file.name)
    try:
        _try_to_load(new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
    _forget_old(cache)
    return target


def _try_to_load(archive: Path) -> None:
    """Load a new archive in a program of its own: what failed once in a runtime can't be loaded there any more."""
    with tarfile.open(archive, "r:gz") as tar:
        assembly = json.loads(_read(tar, tar.getmember(_ASSEMBLY)))
    command = [sys.executable, "-c", _TRIAL, assembly["name"], assembly["version"], str(archive)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise UnknownArchiveError(f"the derived archive can't be loaded: {said[-1]}")


@dataclass(kw_only=True)
class Loader:
    """Stands in for the kernel's `load`, and gives it the smaller archive where there is one."""

    load: Callable[[str, str, str], object]
    used: Submodules
    cache: Path

    def __post_init__(self) -> None:
        self.pruned: set[str] = set()

    def __call__(self, name: str, version: str, tarball: str) -> None:
        """Load an assembly, or the part of it that is used."""
        provider = name.removeprefix(_ASSEMBLY_PREFIX)
        if provider == name or provider not in self.used:
            self.load(name, version, tarball)
            return
        try:
            smaller = pruned_archive(Path(tarball), self.used[provider], self.cache)
        except (UnknownArchiveError, OSError, ValueError, KeyError, tarfile.TarError) as error:
            _log.warning("The bindings of %s are loaded whole, which takes longer: %s", provider, error)
            self.load(name, version, tarball)
            return
        self.load(name, version, str(smaller))
        self.pruned.add(provider)


class _Watch(MetaPathFinder):
    """Notices the import of a submodule that the loaded part of a provider lacks."""

    def __init__(self, used: Submodules, loaded: set[str]) -> None:
        self._used, self._loaded = used, loaded

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the names are the interface's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Find nothing; raise where what is asked for would not work."""
        package, _, submodule = fullname.partition(".")
        if not package.startswith(_PROVIDER_PREFIX):
            return None  # Google's own client libraries are called `google`, as the provider is
        provider = package.removeprefix(_PROVIDER_PREFIX)
        if provider in self._loaded and not submodule.startswith("_") and submodule not in self._used[provider]:
            raise IncompleteBindingsError(
                f"{fullname} is not among the bindings that were loaded, since no source that was looked through "
                f"imports it. Set {SWITCH}=1 to load them all",
                name=fullname,
            )
        return None


def _prune(archive: Path, submodules: frozenset[str]) -> bytes:
    with tarfile.open(archive, "r:gz") as tar:
        files = {member.name: _read(tar, member) for member in tar.getmembers() if _is_needed(member)}
    if missing := sorted({_ASSEMBLY, _INDEX} - files.keys()):
        raise UnknownArchiveError(f"the archive lacks {', '.join(missing)}")
    folders = _exported_folders(files[_INDEX].decode())
    if missing := sorted(submodules - folders.keys()):
        raise UnknownArchiveError(f"the archive exports no {', '.join(missing)}")
    kept = _with_required(files, frozenset(folders[name] for name in submodules), frozenset(folders.values()))
    code = {name: _without_map(text) for name, text in files.items() if _folder(name) in kept or _folder(name) == ""}
    code[_INDEX] = _pruned_index(code[_INDEX].decode(), kept)
    code[_ASSEMBLY] = _pruned_assembly(files[_ASSEMBLY], frozenset(_camel(folder) for folder in kept))
    return _packed(code)


def _is_needed(member: tarfile.TarInfo) -> bool:
    return member.isfile() and (member.name in _FILES or member.name.endswith(".js"))


def _folder(name: str) -> str:
    """The submodule's folder that a file is in: `package/lib/cron-job/index.js` is in `cron-job`."""
    parts = name.split("/")
    return parts[2] if len(parts) > 3 else ""


def _exported_folders(index: str) -> dict[str, str]:
    exports = (_EXPORT.match(line) for line in index.splitlines())
    return {export["folder"].replace("-", "_"): export["folder"] for export in exports if export is not None}


def _with_required(files: Mapping[str, bytes], wanted: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """These folders, and those that their code requires."""
    found: set[str] = set()
    while new := wanted - found:
        found |= new
        code = b"".join(text for name, text in files.items() if _folder(name) in new).decode()
        wanted = (wanted | set(_REQUIRE.findall(code))) & known
    return frozenset(found)


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise UnknownArchiveError(f"{member.name} is no file")
    return file.read()


def _without_map(code: bytes) -> bytes:
    """Code without its source behind it, a comment that is longer than the code."""
    return code.rpartition(_MAP)[0] or code


def _pruned_index(text: str, folders: frozenset[str]) -> bytes:
    """The index with the exports of these folders only."""
    exports = ((line, _EXPORT.match(line)) for line in text.splitlines())
    lines = [line for line, export in exports if export is None or export["folder"] in folders]
    return ("\n".join(lines) + "\n").encode()


def _pruned_assembly(text: bytes, wanted: frozenset[str]) -> bytes:
    """The list of types with those of these submodules only, and without documentation."""
    assembly = json.loads(text)
    prefix = f"{assembly['name']}."

    def submodule(name: str) -> str:
        return name.removeprefix(prefix).split(".")[0]

    assembly["types"] = {
        name: _without_docs(declared) for name, declared in assembly["types"].items() if submodule(name) in wanted
    }
    assembly["submodules"] = {
        name: _without_docs(declared) for name, declared in assembly["submodules"].items() if submodule(name) in wanted
    }
    if missing := sorted(wanted - {submodule(name) for name in assembly["submodules"]}):
        raise UnknownArchiveError(f"the archive declares no {', '.join(missing)}")
    return json.dumps(_without_docs(assembly), separators=(",", ":")).encode()


def _without_docs(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _without_docs(each) for key, each in value.items() if key not in _DOCS}
    return [_without_docs(each) for each in value] if isinstance(value, list) else value


def _camel(folder: str) -> str:
    first, *rest = folder.split("-")
    return first + "".join(part.capitalize() for part in rest)


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _forget_old(cache: Path) -> None:
    archives = sorted(cache.glob("*.tgz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in archives[_KEPT_ARCHIVES:]:
        path.unlink(missing_ok=True)
