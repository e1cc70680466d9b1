"""What the connectomics store is asked to do, and how fast it has to be on embedded PostgreSQL."""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from bench import clio_data as data
from bench.clio_load import closed_loop, open_loop
from bench.clio_server import Client, bodies, serving
from bench.clio_stores import Store, embedded, emulator
from bench.measure import BenchError, Figure
from karst_platform.stores.embedded_postgres import EmbeddedPostgresError
from karst_platform.stores.firestore_emulator import EmulatorError, EmulatorMissingError

_CONNECTIONS = 64
PER_S = 500
_ANNOTATIONS = f"/v2/annotations/{data.DATASET}"
_NEURONS = f"/v2/json-annotations/{data.DATASET}/neurons"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything."""

    load_s: float
    annotations: int
    neurons: int
    at_a_time: int
    """Neurons in one post."""
    queries: int
    few: int
    many: int
    """Annotations of a dataset between which a point read is compared."""
    reads: int
    runs: int
    """Of each of which the median counts."""


EMBEDDED = Sizes(
    load_s=10,
    annotations=10_000,
    neurons=100_000,
    at_a_time=10_000,
    queries=500,
    few=1000,
    many=1_000_000,
    reads=1000,
    runs=3,
)
EMULATED = Sizes(
    load_s=3, annotations=10_000, neurons=5000, at_a_time=1000, queries=20, few=1000, many=5000, reads=50, runs=1
)
"""Less: the emulator keeps everything in memory and answers slowly."""


def measure(folder: Path) -> list[Figure]:
    """Measure everything on both stores; where the emulator is missing, say so and leave its figures out.

    Raises `BenchError` where a server ends or doesn't answer.
    """
    figures: list[Figure] = []
    try:
        with embedded(folder) as store:
            figures = _all(store, EMBEDDED)
        with emulator(folder) as store:
            return figures + [_quoted(each) for each in _all(store, EMULATED)]
    except EmulatorMissingError as error:
        print(f"Nothing is measured on Firestore: {error}", file=sys.stderr)
        return figures
    except (EmbeddedPostgresError, EmulatorError, OSError, HTTPException) as error:
        raise BenchError(f"{type(error).__name__}: {error}") from error


def _all(store: Store, sizes: Sizes) -> list[Figure]:
    store.do(data.prepare)
    with serving(store.settings) as client:
        figures = [*_listing(client, sizes), *_annotations(client, sizes), *_import(client, sizes)]
    store.settle()
    # What an import leaves in memory is no part of what streaming needs.
    with serving(store.settings) as client:
        figures += [*_stream(client, sizes), *_queries(client, sizes)]
        figures.append(_growth(store, client, sizes))
    return figures


def _listing(client: Client, sizes: Sizes) -> list[Figure]:
    request = [client.request("/v2/datasets")]
    size = len(client.ask("GET", "/v2/datasets").body)
    closed_loop(client.port, request, connections=_CONNECTIONS, duration_s=1)
    before_s = client.cpu_s()
    closed = closed_loop(client.port, request, connections=_CONNECTIONS, duration_s=sizes.load_s)
    each_us = (client.cpu_s() - before_s) / len(closed.latencies_s) * 1e6
    opened = open_loop(client.port, request, connections=_CONNECTIONS, per_s=PER_S, duration_s=sizes.load_s)
    return [
        Figure(
            step="`GET /v2/datasets`, as many as it can",
            value=closed.per_s,
            limit=2000,
            unit="/s",
            is_least=True,
            note=f"{_CONNECTIONS} connections, answers of {size / 1000:.0f} kB, {each_us:.0f} us of server CPU each",
        ),
        Figure(
            step=f"the same, {PER_S} a second, p99",
            value=opened.percentile_ms(0.99),
            limit=15,
            unit="ms",
            note=f"median {opened.percentile_ms(0.5):.1f} ms, longest {opened.percentile_ms(1):.0f} ms",
        ),
    ]


def _annotations(client: Client, sizes: Sizes) -> list[Figure]:
    body = bodies(data.points(sizes.annotations), sizes.annotations)[0]
    # Each run into a dataset of its own: what is there already would be found unchanged.
    paths = [f"/v2/annotations/{dataset}" for dataset in data.OTHER_DATASETS[: sizes.runs]]
    posted, cpu_s = _repeated(client, [lambda path=path: client.ask("POST", path, body).took_s for path in paths])
    read, read_cpu_s = _repeated(client, [lambda path=path: client.ask("GET", path).took_s for path in paths])
    count = client.ask("GET", paths[0]).body.count(b'"kind"')
    if count != sizes.annotations:
        raise BenchError(f"{sizes.annotations} annotations were posted, {count} came back")
    many = f"{sizes.annotations:,} annotations"
    return [
        Figure(step=f"post {many}", value=posted, limit=1.0, unit="s", note=f"server CPU {cpu_s:.2f} s"),
        Figure(step="read them back", value=read, limit=0.4, unit="s", note=f"server CPU {read_cpu_s:.2f} s"),
    ]


def _import(client: Client, sizes: Sizes) -> list[Figure]:
    parts = bodies(data.neurons(sizes.neurons), sizes.at_a_time)
    before_s = client.cpu_s()
    took_s = sum(client.ask("POST", _NEURONS, body).took_s for body in parts)
    cpu_s = client.cpu_s() - before_s
    note = f"{sum(map(len, parts)) / 1e6:.0f} MB of JSON, {sizes.at_a_time:,} a post; server CPU {cpu_s:.1f} s"
    return [Figure(step=f"import {sizes.neurons:,} neurons", value=took_s, limit=15, unit="s", note=note)]


def _stream(client: Client, sizes: Sizes) -> list[Figure]:
    count = client.ask("GET", f"{_NEURONS}/all").body.count(b'"bodyid"')
    if count != sizes.neurons:
        raise BenchError(f"{sizes.neurons} neurons were imported, {count} came back")
    client.forget_peak()
    lengths: list[int] = []

    def read() -> float:
        length, took_s = client.read_length(f"{_NEURONS}/all")
        lengths.append(length)
        return took_s

    took_s, cpu_s = _repeated(client, [read] * sizes.runs)
    return [
        Figure(
            step=f"stream all {sizes.neurons:,}",
            value=took_s,
            limit=3,
            unit="s",
            note=f"{lengths[0] / 1e6:.0f} MB; server CPU {cpu_s:.1f} s",
        ),
        Figure(step="memory of the server meanwhile", value=client.peak_mib(), limit=150, unit="MB"),
    ]


def _queries(client: Client, sizes: Sizes) -> list[Figure]:
    kinds = sizes.neurons // data.NEURONS_OF_A_TYPE

    def one(number: int) -> bytes:
        return b'{"type": "T%05d"}' % (number * 7919 % kinds)

    def two(number: int) -> bytes:
        return b'{"status": "Traced", "type": "T%05d"}' % (number * 7919 % kinds)

    return [
        _query(client, "query by one field, p99", one, sizes),
        _query(client, "query by two fields, p99", two, sizes),
    ]


def _query(client: Client, step: str, question: Callable[[int], bytes], sizes: Sizes) -> Figure:
    for number in range(20):
        client.ask("POST", f"{_NEURONS}/query", question(number))
    answers = [client.ask("POST", f"{_NEURONS}/query", question(number)) for number in range(20, 20 + sizes.queries)]
    if b'"bodyid"' not in answers[-1].body:
        raise BenchError(f"{question(0)!r} finds nothing")
    found = answers[-1].body.count(b'"bodyid"')
    times_ms = sorted(each.took_s * 1000 for each in answers)
    note = f"{found} of {sizes.neurons:,} found; median {statistics.median(times_ms):.1f} ms"
    return Figure(step=step, value=times_ms[int(len(times_ms) * 0.99)], limit=20, unit="ms", note=note)


def _growth(store: Store, client: Client, sizes: Sizes) -> Figure:
    store.do(lambda documents: data.add_annotations(documents, 0, sizes.few))
    store.settle()
    few_ms = _read_ms(client, sizes, sizes.few)
    store.do(lambda documents: data.add_annotations(documents, sizes.few, sizes.many))
    store.settle()
    many_ms = _read_ms(client, sizes, sizes.many)
    return Figure(
        step=f"a user's annotations among {sizes.many:,} of a dataset against {sizes.few:,}",
        value=many_ms / few_ms,
        limit=1.5,
        unit="times",
        note=f"median {few_ms:.2f} ms, then {many_ms:.2f} ms",
    )


def _read_ms(client: Client, sizes: Sizes, among: int) -> float:
    """Median time to read what a random user has."""
    chosen = random.Random(among)  # noqa: S311 - the same users each time
    users = [data.other_user(chosen.randrange(among)) for _ in range(sizes.reads + 50)]
    times_s = [client.ask("GET", f"{_ANNOTATIONS}?user={user}").took_s for user in users]
    return statistics.median(times_s[50:]) * 1000


def _repeated(client: Client, runs: Sequence[Callable[[], float]]) -> tuple[float, float]:
    """Median of what some runs return, and the server's CPU time of one."""
    before_s = client.cpu_s()
    took_s = statistics.median([run() for run in runs])
    return took_s, (client.cpu_s() - before_s) / len(runs)


def _quoted(figure: Figure) -> Figure:
    return Figure(
        step=f"on the emulator: {figure.step}", value=figure.value, limit=None, unit=figure.unit, note=figure.note
    )
