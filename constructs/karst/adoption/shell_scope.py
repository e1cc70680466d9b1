"""The variables of a shell while its files are read: what each name holds at this point; names that a shell knows."""

from __future__ import annotations

from collections.abc import Mapping

from karst.adoption.values import Derived, Items, Text, Value

_OF_THE_OPERATOR = frozenset(
    {
        "BASH",
        "BASHPID",
        "BASH_SOURCE",
        "BASH_VERSION",
        "DISPLAY",
        "EDITOR",
        "EUID",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GROUPS",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "IFS",
        "KUBECONFIG",
        "LANG",
        "LC_ALL",
        "LINENO",
        "LOGNAME",
        "MACHTYPE",
        "OLDPWD",
        "OSTYPE",
        "PATH",
        "PPID",
        "PS1",
        "RANDOM",
        "SECONDS",
        "SHELL",
        "SHLVL",
        "TERM",
        "TMPDIR",
        "TZ",
        "UID",
        "USER",
        "VIRTUAL_ENV",
    }
)

# Only these are named in messages: any other word could be a piece of a password that stands without quotes.
TELLABLE = frozenset(
    {
        "alias",
        "awk",
        "aws",
        "base64",
        "basename",
        "bc",
        "cat",
        "cd",
        "chmod",
        "cp",
        "curl",
        "cut",
        "date",
        "dirname",
        "docker",
        "echo",
        "env",
        "eval",
        "find",
        "gcloud",
        "git",
        "grep",
        "gsutil",
        "head",
        "helm",
        "hostname",
        "jq",
        "kubectl",
        "ls",
        "mapfile",
        "mkdir",
        "mktemp",
        "mv",
        "openssl",
        "pass",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "python",
        "python3",
        "read",
        "readlink",
        "realpath",
        "rm",
        "sed",
        "shift",
        "sleep",
        "sort",
        "ssh",
        "tail",
        "tee",
        "terraform",
        "touch",
        "tr",
        "trap",
        "vault",
        "wc",
        "wget",
        "whoami",
        "yq",
    }
)


class Scope:
    """What each name holds. Names in `fixed` keep their value whatever a file assigns to them."""

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._fixed = {name: Text(value=value) for name, value in fixed.items()}
        self._held: dict[str, Value] = {}

    def get(self, name: str) -> Value | None:
        """The value of `name`; None where nothing set it."""
        found = self._fixed.get(name) or self._held.get(name)
        if found is None and name in _OF_THE_OPERATOR:
            return Derived(reason=f"{name}, which every operator's shell has of its own")
        if found is None and not (name[:1].isalpha() or (name.startswith("_") and len(name) > 1)):
            return Derived(reason="a parameter that only a running shell has")
        return found

    def set(self, name: str, value: Value) -> Value:
        """Assign as bash does: a text given to an array replaces its first item. Returns what `name` holds now."""
        held = self._held.get(name)
        if isinstance(held, Items) and isinstance(value, Text):
            value = Items(values=(value.value, *held.values[1:]))
        self._held[name] = value
        return value

    def unset(self, name: str) -> None:
        """Forget `name`."""
        self._held.pop(name, None)
