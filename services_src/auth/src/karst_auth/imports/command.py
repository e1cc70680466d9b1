"""`python -m karst_auth import`: what `karst auth import` starts."""

from __future__ import annotations

import os
from collections.abc import Sequence

from karst_auth.changes.ledger import Ledger
from karst_auth.imports.importing import Imported, import_dump
from karst_auth.migrations import MIGRATIONS
from karst_platform import load_settings
from karst_platform.cave.guard.push import NoChanges
from karst_platform.cave.guard.settings import RedisSettings, changes_of
from karst_platform.dumps.importing import Import, Importing, counted, ended, run_import
from karst_platform.exits import Exit
from karst_platform.relational import Relational

_LONGEST_S = 3600


async def take_over(order: Import) -> Imported:
    """Import into a migrated database, and tell services that know users of what they know no longer."""
    heard = changes_of(load_settings(RedisSettings, os.environ))
    database = Relational(order.to, statement_timeout_s=_LONGEST_S)
    try:
        if heard is not None:
            heard.start()
        return await import_dump(Ledger(database, heard or NoChanges()), order)
    finally:
        if heard is not None:
            await heard.stop()
        await database.close()


async def _work(order: Import) -> Sequence[str]:
    imported = await take_over(order)
    if imported.before is not None:
        before = f"imported into {order.place} on {imported.before}"
        return [f"{order.dump} was {before}; nothing was done. Again: --replace"]
    return [*counted(imported.counts, imported.passed_over), ended(imported.counts, order)]


IMPORTING = Importing(
    service="auth", about="Take over the users of an auth service.", migrations=MIGRATIONS, work=_work
)


def run(arguments: Sequence[str]) -> Exit:
    """Run the command, say on standard error what came of it, and return its exit code."""
    return run_import(arguments, IMPORTING)
