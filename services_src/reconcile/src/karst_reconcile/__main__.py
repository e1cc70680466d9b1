"""`python -m karst_reconcile`: one run with the settings of the environment, then the end."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time
from pathlib import Path

import httpx

from karst_platform import SettingsError, load_settings
from karst_reconcile.calls import Calls, printable
from karst_reconcile.document import Document, read_document, read_file
from karst_reconcile.faults import Exit, ReconcileError
from karst_reconcile.report import as_json, end_lines, plan_lines
from karst_reconcile.run import Order, Outcome, reconcile
from karst_reconcile.secret_store import Folder, SecretManager, SecretStore
from karst_reconcile.settings import ReconcileSettings
from karst_reconcile.steps import Step

AGAIN_S = 5.0
_MOMENT_S = 10.0
"""How long one call is tried again."""


def main() -> None:
    """Run once; end with the exit status that says how."""
    try:
        settings = load_settings(ReconcileSettings, os.environ)
    except SettingsError as error:
        _print(f"karst reconcile: {error}", is_error=True)
        sys.exit(Exit.USAGE)
    try:
        sys.exit(asyncio.run(_run(settings)))
    except KeyboardInterrupt:
        _print("Stopped. What was done stays; run it again to go on.", is_error=True)
        sys.exit(130)


async def _run(settings: ReconcileSettings) -> int:
    outcome, problem, code = Outcome(), None, Exit.DONE
    try:
        document = _document(settings.datasets)
        async with httpx.AsyncClient(verify=_trust(settings), timeout=settings.timeout_s) as client:
            outcome = await _patiently(settings, make_order(settings, document, client))
    except ReconcileError as error:
        problem, code = str(error), error.code
    if settings.is_json:
        _print(as_json(outcome, problem))
    elif problem is None:
        for line in end_lines(outcome):
            _print(line)
    if problem is not None:
        _print(f"karst reconcile: {problem}", is_error=True)
    return code or outcome.code


async def _patiently(settings: ReconcileSettings, order: Order) -> Outcome:
    """Again and again while there is time: in a roll-out old versions answer too. Raises ReconcileError."""
    end_s, said = time.monotonic() + settings.wait_s, ""
    while True:
        try:
            return await reconcile(
                order, lambda plan: _planned(settings, order.document, plan), lambda step: _did(settings, step)
            )
        except ReconcileError as error:
            if error.code is Exit.USAGE or time.monotonic() + AGAIN_S > end_s:
                raise
            if str(error) != said:
                said = str(error)
                _print(f"Waiting: {said}", is_error=True)
        await asyncio.sleep(AGAIN_S)


def make_order(settings: ReconcileSettings, document: Document, client: httpx.AsyncClient) -> Order:
    """What the settings ask for. Raises ReconcileError."""
    token = settings.token.get_secret_value().strip()
    if not token:
        raise ReconcileError(Exit.USAGE, "There is no token. Give one of a superadmin: KARST_RECONCILE_TOKEN")
    if not token.isascii() or not token.isprintable():
        raise ReconcileError(Exit.USAGE, "KARST_RECONCILE_TOKEN is no token. Give one of a superadmin")
    store: SecretStore | None = None
    if settings.tokens is not None:
        store = Folder(settings.tokens)
    elif settings.project is not None:
        store = SecretManager(client, settings.project)
    name, wait_s = document.deployment, min(settings.wait_s, _MOMENT_S)
    info_url = settings.info_url
    return Order(
        document=document,
        auth=Calls(client, "auth", settings.auth_url, token, name, wait_s),
        info=None if info_url is None else Calls(client, "info", info_url, token, name, wait_s),
        store=store,
        is_pruning=settings.is_pruning,
        is_adopting=settings.is_adopting,
        is_planning=settings.is_planning,
    )


def _document(origin: str) -> Document:
    if origin == "-":
        return read_document(sys.stdin.buffer.read(), "the standard input")
    return read_file(Path(origin))


def _trust(settings: ReconcileSettings) -> ssl.SSLContext:
    try:
        trusted = ssl.create_default_context()
        if settings.authority is not None:
            trusted.load_verify_locations(settings.authority)
    except (OSError, ssl.SSLError) as error:
        raise ReconcileError(
            Exit.USAGE, f"{settings.authority} is no file of an authority ({type(error).__name__})"
        ) from None
    return trusted


def _planned(settings: ReconcileSettings, document: Document, plan: list[Step]) -> None:
    if not settings.is_json:
        place = f"{document.deployment} at {settings.auth_url}"
        for line in plan_lines(plan, place, is_pruning=settings.is_pruning):
            _print(line)


def _did(settings: ReconcileSettings, step: Step) -> None:
    if not settings.is_json:
        _print(f"  done      {printable(step.title)}")


def _print(text: str, *, is_error: bool = False) -> None:
    stream = sys.stderr if is_error else sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    main()
