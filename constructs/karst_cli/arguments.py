"""What was typed after `cdktf`: Karst's own options, stacks, and everything that passes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PARALLELISM = 4

_TERRAFORM_VALUED = frozenset(
    {"-target", "-replace", "-exclude", "-var", "-var-file", "-lock-timeout", "-parallelism", "-generate-config-out"}
)
_SYNTH_VALUED = frozenset({"--log-level", "--log-file-directory"})
_PLAN_FLAGS = {"--refresh-only": "-refresh-only"}
_PLAN_VALUED = {"--var": "-var", "--var-file": "-var-file", "--terraform-parallelism": "-parallelism"}
_OWN_VALUED = frozenset(
    {
        "--parallelism",
        "--environments",
        "--only",
        "--approvals",
        "--app",
        "-a",
        "--output",
        "-o",
        "--outputs-file",
        "--plans",
    }
)
_OWN_FLAGS = frozenset(
    {
        "--dry-run",
        "--auto-approve",
        "--skip-synth",
        "--no-color",
        "--migrate-state",
        "--without-state",
        "--ignore-missing-stack-dependencies",
        "--outputs-file-include-sensitive-outputs",
        "--skip-provider-lock",
        "--disable-plugin-cache-env",
    }
)


class UsageError(Exception):
    """The command was typed in a way that means nothing; the message says what to type."""


@dataclass(kw_only=True)
class Arguments:
    """One command line, taken apart."""

    stacks: list[str] = field(default_factory=list)
    own: dict[str, list[str]] = field(default_factory=dict)
    """Options that Karst acts on, each with its values; flags have none."""
    plan: list[str] = field(default_factory=list)
    """What goes to `terraform plan`."""
    synth: list[str] = field(default_factory=list)
    """What only the toolkit's own synthesis knows, unknown options included: it says where it does not."""

    def has(self, flag: str) -> bool:
        """Whether an option of Karst's was given."""
        return flag in self.own

    def last(self, option: str) -> str | None:
        """Give the last value of an option; a later one on the command line wins."""
        values = self.own.get(option)
        return values[-1] if values else None

    @property
    def output(self) -> Path:
        """Where synthesis writes."""
        return Path(self.last("--output") or self.last("-o") or "cdktf.out")

    @property
    def parallelism(self) -> int:
        """How many stacks run at a time."""
        text = self.last("--parallelism")
        if text is None:
            return DEFAULT_PARALLELISM
        if not text.isdecimal() or int(text) < 1:
            raise UsageError(f"--parallelism is {text!r}. Write how many stacks run at a time, 1 or more.")
        return int(text)


def parse(arguments: Sequence[str]) -> Arguments:
    """Take a command line apart."""
    parsed = Arguments()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            parsed.stacks.append(word)
            continue
        option, joined, value = word.partition("=")
        if option in _OWN_FLAGS:
            parsed.own.setdefault(option, [])
        elif option in _OWN_VALUED:
            parsed.own.setdefault(option, []).append(value if joined else _next(option, rest))
        elif option in _PLAN_FLAGS:
            parsed.plan.append(_PLAN_FLAGS[option])
        elif option in _PLAN_VALUED:
            parsed.plan.append(f"{_PLAN_VALUED[option]}={value if joined else _next(option, rest)}")
        elif option in _SYNTH_VALUED:
            parsed.synth += [word] if joined else [word, _next(option, rest)]
        elif option.startswith("--"):
            parsed.synth.append(word)
        else:
            parsed.plan.append(word if joined or option not in _TERRAFORM_VALUED else f"{word}={_next(option, rest)}")
    return parsed


def only_synthesis_options(arguments: Arguments) -> None:
    """Refuse what means nothing to a command that plans nothing."""
    known = {"--environments", "--only", "--app", "-a", "--output", "-o", "--skip-synth", "--no-color"}
    if stray := [*(option for option in arguments.own if option not in known), *arguments.plan]:
        raise UsageError(f"{stray[0]} means nothing to a command that plans nothing. Leave it out.")
    if arguments.stacks:
        raise UsageError(
            f"{arguments.stacks[0]!r} means nothing here: all stacks are synthesized. For those of one deployment, "
            "write --only DEPLOYMENT."
        )


def strip_own(arguments: Sequence[str]) -> tuple[list[str], Arguments]:
    """For commands handed over whole: all words but Karst's own `--environments` and `--only`, and these two."""
    kept: list[str] = []
    own = Arguments()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        option, joined, value = word.partition("=")
        if option in {"--environments", "--only"}:
            own.own.setdefault(option, []).append(value if joined else _next(option, rest))
        else:
            kept.append(word)
    return kept, own


def _next(option: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"{option} needs a value after it.")
    return rest.pop(0)
