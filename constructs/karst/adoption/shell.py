"""Reads the shell files that configure a platform made with CAVEdeployment, without running a line of them.

    environment = read_environment(Path("environments/local/lab.sh"))

What a shell would compute (`$(gcloud ...)`, loops) is `Derived`; everything else has the value that bash would give
it, which tests hold against a real bash. Where bash would stop with an error and the intent is plain
(`export K = "v"`, a quote that never closes), the intent is read and a notice says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType

from karst.adoption.shell_files import RepositoryFiles
from karst.adoption.shell_run import Reader
from karst.adoption.shell_scope import Scope
from karst.adoption.shell_statements import MAX_DEPTH, TooDeepError
from karst.adoption.shell_text import Notify, TooBrokenError
from karst.adoption.shell_values import MAX_CHARS, TooLongError
from karst.adoption.text_files import read_text
from karst.adoption.values import MAX_NOTICES, Environment, Notice, UnreadableError, Variable

_BEFORE = ("env_config.sh", "infrastructure/local/defaults.sh")
_AFTER = ("infrastructure/local/convert_variables.sh",)
_GLOBAL_ONLY = frozenset({"AUTH_VERSION", "INFOSERVICE_VERSION", "AUTH_DEFAULT_ADMINS"})


def read_environment(file: Path, *, repository: Path | None = None, scripts: Path | None = None) -> Environment:
    """What `file` sets.

    `repository` is the folder that files named by `file` must lie in; by default the git checkout around `file`, or
    else its own folder. `scripts` is a checkout of CAVEdeployment: of a local deployment its defaults are read before
    `file` and its conversions after it, as upstream's scripts do. Raises `UnreadableError`.
    """
    root = repository or repository_of(file)
    run = _Run(file, root, scripts or root)
    text = run.load(file)
    if scripts is None:
        run.read(file, text)
        return run.environment()
    # Which of the two kinds it is can be told only after a first reading.
    first = _Run(file, root, scripts)
    first.read(file, text)
    is_local = _GLOBAL_ONLY.isdisjoint(variable.name for variable in first.assigned)
    run.read_all(_present(scripts, _BEFORE if is_local else _BEFORE[:1]))
    run.read(file, text)
    run.read_all(_present(scripts, _AFTER if is_local else ()))
    return run.environment()


def repository_of(file: Path) -> Path:
    """The git checkout around `file`, or else its own folder."""
    folder = file.absolute().parent
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def _present(scripts: Path, names: Iterable[str]) -> list[Path]:
    return [scripts / name for name in names if (scripts / name).exists()]


class _Run:
    """One reading of several files, with the variables and notices that they share."""

    def __init__(self, file: Path, repository: Path, scripts: Path) -> None:
        self._file = file
        scope = Scope({"PWD": ".", "ENV_REPO_PATH": str(repository.absolute())})
        self._notices: list[Notice] = []
        self._left_out = 0
        self.assigned: list[Variable] = []
        self._reader = Reader(scope, RepositoryFiles(repository, scripts, file.parent), self.assigned, self._notify_of)

    def load(self, file: Path) -> str:
        text, notices = read_text(file)
        self._notices += notices
        return text

    def read_all(self, files: Iterable[Path]) -> None:
        for file in files:
            self.read(file, self.load(file))

    def read(self, file: Path, text: str) -> None:
        """Follow `text`, that of `file`."""
        try:
            self._reader.read(file, text)
        except TooBrokenError as error:
            raise UnreadableError(file, error.line, error.message) from None
        except TooDeepError as error:
            message = f"Blocks stand inside blocks more than {MAX_DEPTH} times. Write the variables without them."
            raise UnreadableError(file, error.line, message) from None
        except TooLongError:
            message = (
                f"All values together are longer than {MAX_CHARS >> 20} million characters: one is put together from"
                " itself again and again. Write the values out."
            )
            raise UnreadableError(file, self._reader.line, message) from None

    def _notify_of(self, file: Path) -> Notify:
        def notify(line: int, message: str) -> None:
            if len(self._notices) < MAX_NOTICES:
                self._notices.append(Notice(file=file, line=line, message=message))
            else:
                self._left_out += 1

        return notify

    def environment(self) -> Environment:
        variables: dict[str, Variable] = {}
        for variable in self.assigned:
            variables[variable.name] = variable
        files = list(dict.fromkeys(notice.file for notice in self._notices))
        notices = sorted(self._notices, key=lambda notice: (files.index(notice.file), notice.line))
        if self._left_out:
            message = f"{self._left_out} more notices are left out. Look at those above first."
            notices.append(Notice(file=self._file, line=0, message=message))
        return Environment(
            file=self._file,
            variables=MappingProxyType({n: v for n, v in variables.items() if n not in self._reader.removed}),
            assigned=tuple(self.assigned),
            notices=tuple(notices),
        )
