"""The report as one HTML page that holds everything it needs: no script, no font, nothing from another place."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from typing import TypeVar

from karst.plan import phrases
from karst.plan.cost import CostChange
from karst.plan.report import approvals_yaml
from karst.plan.summary import ACTIONS, Cause, Rank, Row, StackSummary, Summary
from karst.plan.words import address, counted, escaped

_ROWS = 4000
"""Lines of one part: enough for the largest deployment, and no page that a browser chokes on."""
_CLASSES = {Rank.LOST: "lost", Rank.LET_GO: "lost", Rank.OPENED: "opened"}

Item = TypeVar("Item")


def as_html(summary: Summary) -> str:
    """The whole page."""
    style = files("karst.plan").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>Plan: {escaped(phrases.headline(summary))}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_body(summary),
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(summary: Summary) -> Iterator[str]:
    is_refused = bool(summary.verdict.refusals)
    yield '<a class="skip" href="#stacks">Skip to the stacks</a>'
    yield f"<header><h1>Plan: {escaped(phrases.headline(summary))}</h1>"
    yield f'<p class="{"refused" if is_refused else "fine"}">'
    yield f"{'<strong>Refused.</strong> ' if is_refused else ''}{escaped(phrases.gate(summary))}</p></header>"
    yield "<main>"
    yield from _table("Stack", ((_anchor(one), [one.counts.get(a, 0) for a in ACTIONS]) for one in summary.stacks))
    by_dataset = [(escaped(name), [counts[a] for a in ACTIONS]) for name, counts in summary.datasets.items()]
    if by_dataset:
        yield from _table("Dataset", by_dataset)
    rows = summary.rows
    yield from _part(
        "Destroyed, replaced and let go", [row for row in rows if row.rank in {Rank.LOST, Rank.LET_GO}], _row_of_any
    )
    yield from _part("Access, exposure and protection", [row for row in rows if row.rank is Rank.OPENED], _row_of_any)
    if refusals := summary.verdict.refusals:
        yield "<details><summary>Approvals to paste, each with its reason</summary>"
        yield f'<pre tabindex="0">{_lines(approvals_yaml(refusals, _ROWS, address))}</pre></details>'
    costs = [cost for stack in summary.stacks for cost in stack.costs]
    yield from _part("Cost", costs, _cost)
    yield from _files(summary)
    yield '<h2 id="stacks">Stacks</h2>'
    for stack in summary.stacks:
        yield from _stack(stack)
    yield "</main>"


def _table(title: str, rows: Iterable[tuple[str, Sequence[int]]]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{verb}</th>' for verb in phrases.VERBS.values())
    yield f'<div class="wide" role="region" aria-label="{title}s, counted" tabindex="0"><table>'
    yield f'<thead><tr><th scope="col">{title}</th>{heads}</tr></thead><tbody>'
    for name, counts in rows:
        cells = "".join(f"<td>{count or ''}</td>" for count in counts)
        yield f'<tr><th scope="row">{name}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _part(title: str, items: Sequence[Item], lines: Callable[[Item], Iterable[str]]) -> Iterator[str]:
    if not items:
        return
    yield f"<section><h2>{title} ({len(items):,})</h2><ul>"
    for item in items[:_ROWS]:
        yield from lines(item)
    if len(items) > _ROWS:
        yield f"<li>and {len(items) - _ROWS:,} more</li>"
    yield "</ul></section>"


def _cost(cost: CostChange) -> Iterator[str]:
    what = escaped(phrases.cost_of(cost))
    yield f"<li><code>{escaped(cost.stack)}</code> <code>{escaped(cost.address)}</code> {what}</li>"


def _row_of_any(row: Row) -> Iterator[str]:
    return _row(row, f"<code>{escaped(row.stack)}</code> ")


def _row(row: Row, where: str = "") -> Iterator[str]:
    name = f"<code>{escaped(row.address)}</code>"
    name = f"<strong>{name}</strong>" if row.is_bold else name
    said = "".join(f' <span class="mark">{escaped(one)}</span>' for one in phrases.marks(row))
    kind = _CLASSES.get(row.rank, "")
    yield f'<li class="{kind}"><span class="verb">{phrases.VERBS[row.action]}</span> {where}{name}{said}'
    details = [*(escaped(reason) for reason in phrases.reasons(row)), *_attributes(row)]
    if details:
        yield f"<ul>{''.join(f'<li>{one}</li>' for one in details)}</ul>"
    yield "</li>"


def _attributes(row: Row) -> Iterator[str]:
    for one in row.differences:
        change = phrases.change_of(one)
        yield f"<code>{escaped(one.path)}</code>{f' {escaped(change)}' if change else ''}"


def _stack(stack: StackSummary) -> Iterator[str]:
    beside = [counted(stack.moved, "address", "addresses") + " moved"] if stack.moved else []
    beside += [counted(stack.adopted, "object") + " adopted"] if stack.adopted else []
    said = ", ".join(["nothing changes" if stack.is_empty else counted(len(stack.rows), "object"), *beside])
    yield f'<details id="{_id(stack)}"><summary><code>{escaped(stack.stack)}</code>: {said}</summary><ul>'
    for row in stack.rows[:_ROWS]:
        yield from _row(row)
    if len(stack.rows) > _ROWS:
        yield f"<li>and {len(stack.rows) - _ROWS:,} more</li>"
    yield "</ul></details>"


def _files(summary: Summary) -> Iterator[str]:
    if summary.causes is None:
        return
    yield "<section><h2>Which file reaches which stack</h2><ul>"
    for stack in summary.stacks:
        if not stack.is_empty:
            yield from _reached(stack.stack, summary.causes.get(stack.stack, ()), "")
    for name, causes in summary.beyond.items():
        yield from _reached(name, causes, " (no plan here)")
    if summary.idle:
        yield f"<li>reach no stack: {', '.join(f'<code>{escaped(file)}</code>' for file in summary.idle[:_ROWS])}</li>"
    yield "</ul></section>"


def _reached(stack: str, causes: Sequence[Cause], remark: str) -> Iterator[str]:
    said = "; ".join(f"<code>{escaped(one.file)}</code> ({escaped(one.why)})" for one in causes[:_ROWS])
    yield f"<li><code>{escaped(stack)}</code>{remark}: {said or phrases.NO_CAUSE}</li>"


def _anchor(stack: StackSummary) -> str:
    return f'<a href="#{_id(stack)}"><code>{escaped(stack.stack)}</code></a>'


def _id(stack: StackSummary) -> str:
    """An id that no name from outside can break or take twice."""
    return f"s-{hashlib.sha256(stack.stack.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _lines(yaml: str) -> str:
    return "\n".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in yaml.splitlines())
