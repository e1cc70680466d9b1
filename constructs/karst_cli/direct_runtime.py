"""Lets Python speak with the toolkit's runtime directly: a synthesis makes thousands of calls, each saves two relays.

Python starts a program in Node that starts a second one, the runtime, and hands each line on to it and back, so that
nothing that the runtime prints gets between the answers. From the installed package this module derives a runtime that
keeps the two apart by itself, and puts it into the user's cache. What is synthesized is the same: a test compares it.

On any surprise the relay stays, as if this module weren't there; `KARST_FULL_BINDINGS=1` asks for that.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

from karst.fast_bindings import SWITCH, cache_folder

_ENTRY = "direct_runtime.js"
_CHANNEL, _STANDARD = "readFD:3,writeFD:3", "readFD:0,writeFD:1"
_WORKER = "runtime-index-worker.js"
_log = logging.getLogger(__name__)


class UnknownRuntimeError(Exception):
    """The installed runtime is not as this module expects, so nothing is derived from it."""


def direct_runtime(environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to an application's environment so that it starts the runtime directly; nothing where that can't be.

    A runtime that `environment` names itself is left alone.
    """
    if environment.get(SWITCH, "0") not in {"", "0"} or "JSII_RUNTIME" in environment:
        return {}
    try:
        entry = derived_runtime(installed_runtime(), cache_folder().parent / "runtime")
    except (UnknownRuntimeError, OSError) as error:
        _log.warning("The toolkit's runtime is started with its relay, which takes longer: %s", error)
        return {}
    # What the relay passes on: packages are links into a cache, and find what they need beside the link.
    options = f"{environment.get('NODE_OPTIONS', '')} --preserve-symlinks".strip()
    return {"JSII_RUNTIME": str(entry), "NODE_OPTIONS": options}


def installed_runtime() -> Path:
    """The folder of the runtime in the installed toolkit."""
    # The toolkit itself is not imported: that takes longer than all that is done here.
    spec = importlib.util.find_spec("jsii")
    if spec is None or spec.origin is None:
        raise UnknownRuntimeError("the toolkit is not installed")
    return Path(spec.origin).parent / "_embedded" / "jsii"


def derived_runtime(installed: Path, cache: Path) -> Path:
    """The script that starts a direct runtime, from `cache` or made now.

    Raises `UnknownRuntimeError` where the installed runtime is not as expected, `OSError` where a file can't be read or
    the cache can't be written.
    """
    program = (installed / "lib__program.js").read_bytes()
    entry = Path(__file__).with_name(_ENTRY).read_bytes()
    target = cache / hashlib.sha256(entry + program).hexdigest()[:24]
    if (target / _ENTRY).is_file():
        return target / _ENTRY
    if program.count(_CHANNEL.encode()) != 1:
        raise UnknownRuntimeError(f"{installed / 'lib__program.js'} says no more where it reads and writes")
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        new = Path(name, "new")
        new.mkdir()
        (new / "program.js").write_bytes(program.replace(_CHANNEL.encode(), _STANDARD.encode()))
        (new / _WORKER).write_bytes((installed / f"lib__{_WORKER}").read_bytes())
        (new / _ENTRY).write_bytes(entry)
        _put(new, target)
    return target / _ENTRY


def _put(new: Path, target: Path) -> None:
    try:
        new.rename(target)
    except OSError:
        # Another program was first, with the same content; without it, this is an error.
        if not (target / _ENTRY).is_file():
            raise
