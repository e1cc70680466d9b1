"""The start and the end of synthesis: an application that collects stacks, and the step that writes them out."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from cdktn import App
from constructs import Construct
from jsii.errors import JavaScriptError, JSIIError

MINIMUM_TERRAFORM = "1.11.0"
"""The first Terraform that keeps write-only arguments (generated secrets) out of plan and state."""

_ARGUMENT = re.compile(r"type of argument (?P<name>\w+) (?P<problem>.+)", re.DOTALL)
_TOOLKIT_ERRORS = (JSIIError, JavaScriptError)
_PROVIDERS = frozenset(f"cdktn_provider_{name}" for name in ("google", "helm", "kubernetes", "random"))
_TOOLKIT_PACKAGES = frozenset({"cdktn", "constructs", "jsii"}) | _PROVIDERS


class SynthesisError(Exception):
    """The stacks cannot be written as declared; the message names the construct where the toolkit tells it."""


def create_app(outdir: Path) -> App:
    """Begin an application whose stacks are written below `outdir`, which is created if missing.

    Equal declarations give equal bytes in any folder: no stack traces, no machine paths, no run identifiers.
    """
    outdir.mkdir(parents=True, exist_ok=True)
    return App(
        outdir=str(outdir),
        stack_traces=False,
        context={"targetVersions": {"terraform": f">={MINIMUM_TERRAFORM}"}},
    )


def synthesize(app: App) -> None:
    """Write every stack of `app` as Terraform JSON.

    Raises `SynthesisError` where the toolkit refuses.
    """
    with plain_errors():
        app.synth()


@contextmanager
def plain_errors() -> Generator[None]:
    """Turn what the toolkit throws while stacks are built into a `SynthesisError` that names construct and property.

    An error of ours, or a bug, passes through untouched.
    """
    try:
        yield
    except (RuntimeError, TypeError, *_TOOLKIT_ERRORS) as error:
        if not _is_from_toolkit(error):
            raise
        path = _path_under_construction(error.__traceback__)
        raise SynthesisError(f"{path}: {_explain(str(error))}" if path else _explain(str(error))) from error


def _is_from_toolkit(error: Exception) -> bool:
    # jsii raises a bare RuntimeError from what JavaScript threw, and its type checks a bare TypeError.
    is_thrown_in_javascript = isinstance(error, _TOOLKIT_ERRORS) or isinstance(error.__cause__, _TOOLKIT_ERRORS)
    return is_thrown_in_javascript or _ARGUMENT.match(str(error)) is not None


def _path_under_construction(traceback: TracebackType | None) -> str | None:
    """Find the innermost of Karst's constructs that was busy when the error came, and give its path."""
    path = None
    for frame, _ in walk_tb(traceback):
        subject = frame.f_locals.get("self")
        if isinstance(subject, Construct) and type(subject).__module__.split(".")[0] not in _TOOLKIT_PACKAGES:
            path = subject.node.path or path
    return path


def _explain(message: str) -> str:
    """Keep the sentence that says what is wrong, drop the JavaScript frames below it."""
    lines = [line.strip() for line in message.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    text = " ".join(lines) or "the toolkit gave no reason"
    argument = _ARGUMENT.match(text)
    return f"property {argument['name']!r} {argument['problem']}" if argument else text
