"""What is measured: each subject has its figures, its method, and reasons for what misses its limit."""

from __future__ import annotations

from bench.clio import EMBEDDED, PER_S
from bench.measure import RUNS
from bench.report import Subject

_SYNTHESIS = (
    "The examples declare some 1,200 resources in 29 stacks. Python and the toolkit's runtime in Node speak in turn, "
    "one call after the other: about 2,900 calls, of which 810 only make the node of a composite. Importing and "
    "reading the declarations is done once, a second during which a runtime for each core loads the bindings; then "
    "each core takes one deployment after the other, the largest first. Fewer calls would need fewer constructs, or "
    "stacks written without the toolkit."
)

_QUERIES = (
    "PostgreSQL finds what fits in 0.1 ms, by two searches for one field and four for two, since a value may stand in "
    "a field or in its list. The median is 3 to 4 ms; longer times are those of a machine whose cores others use."
)

INFRASTRUCTURE = Subject(
    title="Infrastructure",
    method=f"""\
Each figure is the median of {RUNS} runs of a whole process, from start to exit, after one run that warmed the caches.
A dataset has a graph with its level-2 cache, a datastack, a database and a bucket, in a stack of its own; these are
synthesized by `main.py` in one process. `cdktf synth` and `cdktf list` share the examples among as many as there are
cores, four at the most; with whole bindings one process writes them all.""",
    reasons={
        "`karst validate`": (
            "Half of it is importing pydantic, typer and the models, the other half reading the declarations of all "
            "services, against which the choices of a deployment are checked. It varies by a tenth on a shared machine."
        ),
        "`cdktf synth`, all examples": _SYNTHESIS,
        "`cdktf list`": f"It synthesizes first. {_SYNTHESIS}",
        "a late dataset against an early one": (
            "The difference of two whole processes of six seconds each, a few tenths of a second, is no larger than "
            "what their times vary by on a shared machine; the growth from 5 to 50 is the figure to trust."
        ),
    },
)

PLANS = Subject(
    title="Plan review",
    method=f"""\
The median of {RUNS} runs of the whole command, from start to exit, after one that warmed the caches: ten stacks of 200
resources each, half of them Deployments with 40 variables, a quarter buckets, a quarter grants. It reads and judges the
plans and writes Markdown and the page.""",
    reasons={
        "`karst plan-report`, 2,000 resources": (
            "The row says how much processor time it takes, of which a quarter is importing. Where it took longer than "
            "the limit, other work used both cores meanwhile."
        ),
    },
)

ADOPTION = Subject(
    title="The import of a running platform",
    method=f"""\
The local environment file of upstream with every variable that its template or its manifests know, and with everything
turned on: read, mapped, checked against all services as by `karst validate`, and written. The median of {RUNS} runs of
a whole process, after one that warmed the caches.""",
    reasons={
        "`karst import`": (
            "It takes half a second of processor time, of which importing pydantic, typer and the models is the larger "
            "part. Whatever is above that was spent waiting for cores that others used."
        ),
    },
)

PLATFORM = Subject(
    title="The platform on one machine",
    method=f"""\
From the start of `karst up environments/demo` to the lines that say what to do next: the first run with an empty state
folder once, later runs on the same folder as the median of {RUNS}. Nothing is downloaded.""",
    reasons={},
)

RECONCILE = Subject(
    title="Reconciling",
    method=f"""\
The whole command, from start to exit, by HTTPS against `karst up`: 50 datasets, each with two groups, a person, three
permissions, four tables, an aligned volume and two datastacks. Once to make all of it, then, with nothing to do, the
median of {RUNS} runs.""",
    reasons={},
)

STORE = Subject(
    title="The connectomics store",
    method="""\
One server process (granian, as `karst up` runs it, with its log) on embedded PostgreSQL, and beside it, in a process of
its own, a client on loopback; both and the database share the machine's cores. Every call is authenticated, with the
token's user already known to the server. Times count until the last byte is read, without parsing it.

- Requests a second: 64 connections that ask again as soon as they are answered, for 10 s after a second of warming up.
- 500 requests a second: sent at fixed times, whether or not the server keeps up. Latency counts from when a request was
  due, so that a stall delays all that were due meanwhile.
- Annotations: one post of 10,000 points with tags, properties and texts; the median of 3 posts and of 3 reads.
- Neurons: 100,000 with ten fields each, of which the store makes thirty, in posts of 10,000 one after the other, once.
  PostgreSQL tidies up (`VACUUM`, `CHECKPOINT`); a fresh server then streams all of them, the median of 3 runs; memory
  is the most that its process had resident meanwhile, shared libraries included. Queries follow one another on one
  connection, 500 for each figure.
- Growth: the median time of 1,000 reads of what a random user has, ten annotations, in a dataset that holds those of
  many users; before each, PostgreSQL tidies up.

Firestore's emulator keeps everything in memory of a Java process and shares nothing with the real service but its
interface: its figures are quoted for comparison, with fewer neurons and annotations, and have no limits.""",
    reasons={
        "`GET /v2/datasets`, as many as it can": (
            "The answer is made once; what remains is the frame around it: reading the request, who calls, routes, "
            "headers, metrics, a line of log. That is the server CPU of the note, all in one process: its inverse is "
            "the limit where a core is free for the server alone."
        ),
        f"the same, {PER_S} a second, p99": (
            "The server is busy a fifth of the time and answers in 2 ms. Longer latencies come in bursts, when "
            "something else has both cores."
        ),
        f"post {EMBEDDED.annotations:,} annotations": (
            "Python checks and encodes for 0.5 s, of which pydantic takes 0.2 s; then PostgreSQL writes rows and "
            "index for 0.25 s. Neither waits for anything else, so less would need several processes."
        ),
        f"import {EMBEDDED.neurons:,} neurons": (
            "Merging and encoding take 0.05 ms of Python a neuron, rows, log and index 0.03 ms of PostgreSQL, one "
            "after the other within each transaction of 400: 8 s of both cores together."
        ),
        f"stream all {EMBEDDED.neurons:,}": (
            "PostgreSQL orders the ids for 0.3 s, then makes JSON of each document while Python leaves out what "
            "wasn't asked for: 0.015 ms each, 1.5 s in all where each has a core."
        ),
        "query by one field, p99": _QUERIES,
        "query by two fields, p99": _QUERIES,
        f"a user's annotations among {EMBEDDED.many:,} of a dataset against {EMBEDDED.few:,}": (
            "The fastest reads among 1,000 and among 300,000 took the same 0.9 ms: one look into an index. The median "
            "differs where something else uses the cores in one of the two measurements."
        ),
    },
)

AUTH = Subject(
    title="Who somebody is",
    method="""\
One server process (granian) on embedded PostgreSQL, without Redis, so that what it knows of a user it asks the database
anew each second; and beside it, in a process of its own, a client on loopback with one user's token. All share the
machine's cores.

- As many as it can: 64 connections that ask again as soon as they are answered, for 10 s after a second of warming up.
- A third of the least: sent at fixed times. Latency counts from when a request was due.
- Growth: the median of 400 look-ups of people by chance, within one process, that remembers nothing and asks the
  database, after 50 to warm up: of 100 people in one group and of all, in turn; each group has 100 people and two
  grants. To sign in finds an account by its identity, makes a token and writes the audit log.""",
    reasons={
        "`GET /user/cache`, as many as it can": (
            "The server computes for as long as the note says; its inverse is what it can do where a core is free for "
            "it alone. Other work used both cores meanwhile."
        ),
        "the same, 500 a second, p99": (
            "The server needs a quarter of a core for these. Where it doesn't get that much, requests queue, and each "
            "waits for all before it: other work used both cores meanwhile."
        ),
    },
)

GUARD = Subject(
    title="Who may",
    method="""\
One application in the process that measures it, called directly: no server, no network, no client. Two routes that do
nothing, one of which asks for a permission, are called in turn, 5,000 times each after a tenth of that to warm up. The
user is known already, and has 20 datasets and 50 groups. What is measured is the median of the differences.""",
    reasons={},
)

SCHEMAS = Subject(
    title="The types of annotations",
    method="""\
One server process (granian), and beside it, in a process of its own, a client on loopback that accepts gzip, as
caveclient does; both share the machine's cores. Answers were compressed once, when the server started.

- As many as it can: 64 connections that ask again as soon as they are answered, for 10 s after a second of warming up.
- A third of the least: sent at fixed times. Latency counts from when a request was due.""",
    reasons={},
)

INFO = Subject(
    title="Datastacks",
    method="""\
One server process (granian) on embedded PostgreSQL with 100 datastacks, and beside it, in a process of its own, a
client on loopback with a token, and an auth service that answers at once; all share the machine's cores. The caller,
with 20 datasets and 50 groups, is known already; without Redis what is known of them is asked for every five seconds.

- As many as it can: 64 connections that ask again as soon as they are answered, for 10 s after a second of warming up.
- A third of the least: sent at fixed times. Latency counts from when a request was due.
- Which ones one may see: one connection, for two seconds.""",
    reasons={},
)

STATES = Subject(
    title="States of viewers",
    method="""\
One server process (granian) on embedded PostgreSQL and a folder, and beside it, in a process of its own, a client on
loopback; both and the database share the machine's cores. Who calls is not asked: that is measured apart. A state is
1 MB of JSON, mostly ids of segments, which no two posts share: the same one again would be answered at once. Readers
accept gzip and deflate, as caveclient and browsers do.

- As many as it can: 64 connections that ask again as soon as they are answered, for 10 s after a second of warming up.
- A third of that: sent at fixed times. Latency counts from when a request was due.""",
    reasons={
        "post a state of 1 MB, p99": (
            "Of the server CPU that the row above quotes for each, 4 ms check, compress and hash, and the rest "
            "receives 1 MB in pieces and writes it. Longer times are those of a machine whose cores others use."
        ),
        "read a state of 1 MB, p99": (
            "The server sends what it keeps, without unpacking it, and the median is far below the limit. Longer times "
            "are those of a machine whose cores others use."
        ),
    },
)
