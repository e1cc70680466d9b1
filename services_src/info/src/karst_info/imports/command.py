"""`python -m karst_info import`: what `karst info import` starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from karst_info.imports.importing import Imported, import_dump
from karst_info.migrations import MIGRATIONS
from karst_platform.dumps.importing import Import, Importing, counted, ended, run_import
from karst_platform.exits import Exit
from karst_platform.relational import Relational

_MOST_ADVICE = 50
_LONGEST_S = 600


async def _work(order: Import) -> Sequence[str]:
    database = Relational(order.to, statement_timeout_s=_LONGEST_S)
    try:
        return list(_told(await import_dump(database, order), order))
    finally:
        await database.close()


def _told(imported: Imported, order: Import) -> Iterator[str]:
    """How many rows of what, and what to look at."""
    yield from counted(imported.counts, imported.passed_over)
    for each in imported.advice[:_MOST_ADVICE]:
        yield f"to look at: {each}"
    if len(imported.advice) > _MOST_ADVICE:
        yield f"and {len(imported.advice) - _MOST_ADVICE} more; the pages of administration list all"
    if imported.is_there:
        yield f"{order.place} holds exactly these {sum(imported.counts.values()):,} rows; nothing was done."
    else:
        yield ended(imported.counts, order)


IMPORTING = Importing(service="info", about="Take over the data of an info service.", migrations=MIGRATIONS, work=_work)


def run(arguments: Sequence[str]) -> Exit:
    """Run the command, say on standard error what came of it, and return its exit code."""
    return run_import(arguments, IMPORTING)
