"""Bundles: the sources of one service and all that its image is built from, named by a hash of their content.

The same sources give the same tag and the same archive on every machine: times, owners, modes, the order of the file
system, locale and the version of zlib have no part in it. Executable bits are dropped; contents are never changed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from karst.packaging.sources import Entry, PackagingError, checked, file_entry, package_entries

__all__ = ["Bundle", "PackagingError", "bundle", "service_bundle"]

TAG_DIGITS = 24
"""96 bits of the hash: too many for two sources to meet by chance, few enough to read."""
_FORMAT = b"karst-bundle-1\n"
_NEEDED = ("pyproject.toml", "requirements.lock", "src")


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What an image is built from; `tag` names both."""

    service: str
    tag: str
    entries: tuple[Entry, ...]

    def tar(self) -> bytes:
        """Archive the entries; the same bytes everywhere."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry in self.entries:
                archive.addfile(_header(entry), io.BytesIO(entry.content))
        return buffer.getvalue()

    def tar_gz(self) -> bytes:
        """Compress the archive. The same bytes wherever zlib is the same; the tag does not depend on it."""
        return gzip.compress(self.tar(), mtime=0)

    def write(self, path: Path) -> None:
        """Write the compressed archive to `path`."""
        path.write_bytes(self.tar_gz())


def bundle(service_dir: Path, shared_dirs: Sequence[Path], dockerfile: Path) -> Bundle:
    """Pack a service with the packages that it shares and the Dockerfile of all.

    Reads files, writes none. Raises PackagingError.
    """
    for name in _NEEDED:
        if not (service_dir / name).exists():
            raise PackagingError(f"{service_dir / name} is missing. A service has {', '.join(_NEEDED)}")
    folders = [service_dir, *shared_dirs]
    entries = [entry for folder in folders for entry in package_entries(folder)]
    ordered = checked([*entries, file_entry(dockerfile, "Dockerfile")])
    return Bundle(service=service_dir.name, tag=_hash(service_dir.name, ordered)[:TAG_DIGITS], entries=ordered)


def service_bundle(services_dir: Path, service: str) -> Bundle:
    """Pack `service` of a folder like `services_src/`, with `platform`, and with what else it takes from that folder.

    Raises PackagingError.
    """
    service_dir, platform = services_dir / service, services_dir / "platform"
    shared = {platform: None, **dict.fromkeys(_packages_beside(service_dir))}
    return bundle(service_dir, [each for each in shared if each != service_dir], services_dir / "Dockerfile")


def _packages_beside(service_dir: Path) -> Iterator[Path]:
    """Folders beside it that `pyproject.toml` names as sources, theirs among them: `{path = "../schema"}`."""
    seen, waiting = set[Path](), [service_dir]
    while waiting:
        folder = waiting.pop()
        for told in _sources(folder / "pyproject.toml"):
            found = service_dir.parent / Path(told).name
            if Path(told).parent != Path(".."):
                raise PackagingError(f"{folder / 'pyproject.toml'}: {told} is not beside it. Write ../{found.name}")
            if found not in seen:
                seen.add(found)
                waiting.append(found)
                yield found


def _sources(path: Path) -> Iterator[str]:
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = document.get("tool", {}).get("uv", {}).get("sources", {})
    except FileNotFoundError:
        return  # whoever packs the folder says what is missing
    except (ValueError, AttributeError) as error:
        raise PackagingError(f"{path} can't be read ({error}). Correct it") from None
    yield from (str(each["path"]) for each in sources.values() if isinstance(each, dict) and "path" in each)


def _hash(service: str, entries: Sequence[Entry]) -> str:
    """Hash lengths and contents, so that no two lists of files read the same."""
    digest = hashlib.sha256(_FORMAT)
    digest.update(_sized(service.encode()))
    for entry in entries:
        digest.update(_sized(entry.path.encode()))
        digest.update(_sized(entry.content))
    return digest.hexdigest()


def _sized(content: bytes) -> bytes:
    return len(content).to_bytes(8, "big") + content


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.size = len(entry.content)
    header.mode = 0o644
    return header
