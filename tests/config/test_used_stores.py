"""Stores that services use and could not reach: without an address, or closed to upstream's images."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environments
from karst.config.rules import check_environments
from karst.config.rules.services import UPSTREAM, known_services
from karst.config.service import load_services
from karst.derived.workloads import Catalog
from tests.config.base import API, BASE, edited, messages, write

CATALOG = Catalog(ours={}, tags={}, upstream=load_services(UPSTREAM))
PLAIN = """\
redis:
  broker: {manage: existing, name: old-broker, address: 10.144.0.3}
  cache: {manage: existing, name: old-cache, address: 10.144.0.4}
"""
DEFAULT = "firestore: {state: {database: (default)}}\n"
SQL = "sql:\n  cpu: 4\n"
OFF = "or turn off what uses it (services.<name>.enabled: false)."


def said(tmp_path: Path, stores: str, services: str = "  landing: {}\n", sql: str = SQL) -> list[str]:
    """Problems where every image of upstream runs but for these choices, as `key: message. remedy`."""
    start, end = BASE[API].index("services:\n"), BASE[API].index("labels:")
    text = f"{BASE[API][:start]}images: {{fallback: upstream}}\n{stores}services:\n{services}{BASE[API][end:]}"
    write(tmp_path, {**BASE, API: text.replace(SQL, sql)})
    try:
        check_environments(load_environments(tmp_path), known_services(tmp_path, CATALOG))
    except ConfigError as error:
        found = [problem for problem in error.problems if not problem.message.startswith("there is no service")]
        return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in found]
    return []


def only(*names: str) -> str:
    """Choices that leave nothing on but these."""
    return "".join(f"  {name}: {{enabled: false}}\n" for name in CATALOG.upstream if name not in (*names, "landing"))


def test_upstream_reaches_plain_stores(tmp_path: Path) -> None:
    assert said(tmp_path, PLAIN + DEFAULT) == []


def test_upstream_speaks_no_tls(tmp_path: Path) -> None:
    found = said(tmp_path, DEFAULT, only("annotationengine", "celery-consumer", "celery-producer"))
    why = "to Redis without TLS and password, and one that Karst makes asks for both"
    write_it = "Write redis.{}: {{manage: existing, name: ..., address: ...}} of one that asks for neither,"
    broker = "upstream's images of 'celery-consumer' and 'celery-producer' speak"
    cache = "upstream's image of 'annotationengine' speaks"
    assert sorted(found) == [
        f"redis.broker: {broker} {why}. {write_it.format('broker')} {OFF}",
        f"redis.cache: {cache} {why}. {write_it.format('cache')} {OFF}",
    ]


def test_upstream_knows_no_password(tmp_path: Path) -> None:
    locked = PLAIN.replace("10.144.0.4}", '10.144.0.4, auth: "secret:old"}')
    message = "upstream's image of 'annotationengine' speaks to Redis without a password, and this names one"
    assert said(tmp_path, locked + DEFAULT, only("annotationengine")) == [
        f"redis.cache.auth: {message}. Name an instance that asks for none, {OFF}"
    ]


def test_what_nobody_uses_may_be_closed(tmp_path: Path) -> None:
    assert said(tmp_path, "", only("dash", "pprogress")) == []


def test_upstream_opens_the_default_database_only(tmp_path: Path) -> None:
    message = "firestore.state.database: upstream's images of {} open only '(default)', never 'state'"
    remedy = "Write firestore.state.database: (default)."
    graphs = "'pychunkedgraph' and 'pychunkedgraph-read'"
    chosen = only("pychunkedgraph", "pychunkedgraph-read", "meshworker")
    assert said(tmp_path, PLAIN, chosen) == [f"{message.format(graphs)}. {remedy}"]
    assert said(tmp_path, f"{PLAIN}pychunkedgraph: {{request_logs: {{enabled: false}}}}\n", chosen) == []


def test_an_existing_instance_has_an_address_where_somebody_uses_it(tmp_path: Path) -> None:
    stores, sql = PLAIN.replace(", address: 10.144.0.4", "") + DEFAULT, "sql:\n  manage: existing\n  cpu: 4\n"
    looks = "the instance exists, and 'annotationengine' looks for it at {}.api.karst.internal, which has no address"
    write_it = "Write {}.address, its private IPv4 address, such as 10.144.0.5."
    assert sorted(said(tmp_path, stores, only("annotationengine"), sql)) == [
        f"redis.cache.manage: {looks.format('redis-cache')}. {write_it.format('redis.cache')}",
        f"sql.manage: {looks.format('sql')}. {write_it.format('sql')}",
    ]
    assert said(tmp_path, stores, only("dash"), sql) == []
    assert (
        said(tmp_path, PLAIN + DEFAULT, only("annotationengine"), sql.replace("cpu", "address: 10.1.2.3\n  cpu")) == []
    )


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "sql:\n  address: 10.1.2.3\n",
            "sql: an instance that Karst makes has its own address. Write manage: existing, or remove address.",
        ),
        (
            "sql:\n  manage: existing\n  address: db.example.org\n",
            "sql.address: 'db.example.org' is no IPv4 address. Write four numbers with dots, such as 10.144.0.5.",
        ),
        (
            'redis:\n  cache: {auth: "secret:x"}\nsql:\n',
            "redis.cache: an instance that Karst makes has its own auth. Write manage: existing, or remove auth.",
        ),
    ],
)
def test_only_an_existing_instance_is_told_where_it_is(tmp_path: Path, sql: str, message: str) -> None:
    write(tmp_path, edited(API, "sql:\n", sql))
    assert [line.partition(": ")[2] for line in messages(tmp_path)] == [message]
