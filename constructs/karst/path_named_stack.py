"""A stack whose resource addresses are their construct paths, `database/instance` becoming `database__instance`.

The toolkit asks a stack for the address of each element, many times a thousand in a synthesis. Answered by Python, each
answer is two calls between Python and Node; so this is answered in Node, where the elements are, by the JavaScript file
beside this one. It is loaded as the toolkit loads every library of constructs: an archive with a list of its types.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

import jsii
from cdktn import TerraformStack
from constructs import Construct
from jsii._runtime import kernel

_NAME, _VERSION, _CLASS = "karst-path-named-stack", "1.0.0", "PathNamedStack"
_TYPE = f"{_NAME}.{_CLASS}"
_PARAMETERS = (("scope", {"fqn": "constructs.Construct"}), ("id", {"primitive": "string"}))


def archive() -> bytes:
    """The library as the toolkit loads it. Equal sources give equal bytes, which it keeps in its cache but once."""
    needs = {name: version(name) for name in ("cdktn", "constructs")}
    package = {"name": _NAME, "version": _VERSION, "main": "index.js", "peerDependencies": needs}
    parameters = [{"name": name, "type": kind} for name, kind in _PARAMETERS]
    types = {
        _TYPE: {
            "assembly": _NAME,
            "base": "cdktn.TerraformStack",
            "fqn": _TYPE,
            "initializer": {"parameters": parameters},
            "kind": "class",
            "name": _CLASS,
        }
    }
    assembly = {
        "schema": "jsii/0.10.0",
        "jsiiVersion": "5.9.0",
        "name": _NAME,
        "version": _VERSION,
        "dependencies": needs,
        "dependencyClosure": {name: {"targets": {}} for name in needs},
        "types": types,
    }
    files = {
        "package/.jsii": json.dumps(assembly),
        "package/package.json": json.dumps(package),
        "package/index.js": Path(__file__).with_suffix(".js").read_text("utf-8"),
    }
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


# Kept until this process ends: a runtime that was started early reads it later.
_FOLDER = tempfile.TemporaryDirectory(prefix="karst-")
_ARCHIVE = Path(_FOLDER.name, f"{_NAME}.tgz")
_ARCHIVE.write_bytes(archive())
kernel.load(_NAME, _VERSION, str(_ARCHIVE))


class PathNamedStack(TerraformStack, metaclass=jsii.JSIIMeta, jsii_type=_TYPE):
    """A stack that names its elements after their paths, and refuses a path that can be no address, or two of one."""

    def __init__(self, scope: Construct, id: str) -> None:
        # As the toolkit's own classes are made: their parents' constructors would make another object.
        jsii.create(self.__class__, self, [scope, id])
