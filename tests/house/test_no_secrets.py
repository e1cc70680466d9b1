"""No tracked file holds a token that works somewhere."""

from __future__ import annotations

import re

import pytest
from source_files import ROOT, tracked_files
from test_tracked_text import text_of

TOKENS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\\?[\sn]+[A-Za-z0-9+/]{60}"),
    "a key of Google's APIs": re.compile(r"\bAIza[\w-]{35}\b"),
    "an OAuth client's secret": re.compile(r"\bGOCSPX-[\w-]{28}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a token of Slack": re.compile(r"\bxox[abpr]-\d{9,}-[\w-]+"),
    "a web hook of Slack": re.compile(r"hooks\.slack\.com/(?:services|workflows)/[A-Z0-9]{8,}/"),
    "a key of Amazon": re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
}
# Joined here, so that this file passes its own test.
PLANTED = {
    "a private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "M" * 64,
    "a key of Google's APIs": "AIza" + "x" * 35,
    "an OAuth client's secret": "GOCSPX" + "-" + "x" * 28,
    "a token of GitHub": "ghp" + "_" + "x" * 36,
    "a token of Slack": "xoxb" + "-1234567890-abc",
    "a web hook of Slack": "https://hooks.slack" + ".com/services/T00000000/B00000000/x",
    "a key of Amazon": "AKIA" + "X" * 16,
}


def tokens_in(text: str) -> set[str]:
    """Kinds of tokens in a text."""
    return {kind for kind, pattern in TOKENS.items() if pattern.search(text)}


def test_no_file_holds_a_token() -> None:
    assert {str(p.relative_to(ROOT)): found for p in tracked_files() if (found := tokens_in(text_of(p)))} == {}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_planted_token_is_seen(kind: str) -> None:
    assert tokens_in(f"key: {PLANTED[kind]}\n") == {kind}
