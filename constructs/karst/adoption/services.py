"""Which of upstream's programs run, at which version, how many of each and how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.adoption import parse
from karst.adoption.draft import Draft
from karst.adoption.rows import parsed
from karst.adoption.secrets import kinds

_MATERIALIZE_WORKERS = ("celery-consumer", "celery-deltalake", "celery-orchestration", "celery-producer")
_WITH_LOG_LEVEL = ("materialize", "celery-beat-scheduler", *_MATERIALIZE_WORKERS)
_L2_WORKERS = ("pcgl2cache-highpriority-worker", "pcgl2cache-lowpriority-worker", "pcgl2cache-worker")
_SKELETON_WORKERS = ("skeletoncache-worker-high", "skeletoncache-worker-low")
_PRODUCER = "CELERY_PRODUCER"


@dataclass(frozen=True, kw_only=True)
class _Image:
    """A variable with a version, and whose image it is."""

    variable: str
    services: tuple[str, ...]
    prefix: str = "v"


_IMAGES: Mapping[str, tuple[_Image, ...]] = {
    "global": (
        _Image(variable="AUTH_VERSION", services=("auth", "sticky-auth")),
        _Image(variable="INFOSERVICE_VERSION", services=("info",)),
        _Image(variable="NGLSTATE_VERSION", services=("nglstate",)),
        _Image(variable="EMANNOTATIONSCHEMAS_VERSION", services=("schema", "swaggerui")),
    ),
    "local": (
        _Image(variable="ANNOTATION_ENGINE_VERSION", services=("annotationengine",)),
        _Image(
            variable="MATERIALIZE_VERSION", services=("materialize", "celery-beat-scheduler", *_MATERIALIZE_WORKERS)
        ),
        _Image(
            variable="PYCG_VERSION",
            services=("pychunkedgraph", "pychunkedgraph-read", "meshing", "meshworker", "remeshworker"),
        ),
        _Image(variable="PCGL2CACHE_VERSION", services=("pcgl2cache",)),
        _Image(variable="PCGL2CACHE_VERSION", services=_L2_WORKERS, prefix="worker_pcgv1_v"),
        _Image(
            variable="SKELETONCACHE_VERSION",
            services=("skeletoncache", *_SKELETON_WORKERS, "skeletoncache-worker-dead"),
        ),
        _Image(variable="GUIDEBOOK_VERSION", services=("guidebook", "guidebook-worker")),
        _Image(variable="DASH_VERSION", services=("dash",)),
        _Image(variable="PPROGRESS_VERSION", services=("pprogress",)),
        _Image(variable="PMANAGEMENT_VERSION", services=("pmanagement",)),
        _Image(variable="PROXY_VERSION", services=("proxy",)),
        _Image(variable="CAVECANARY_VERSION", services=("cavecanary",)),
        _Image(variable="TOURGUIDE_VERSION", services=("tourguide",)),
    ),
}

_REPLICAS: Mapping[str, str] = {
    "AUTH_REPLICAS": "auth",
    "NGL_STATE_REPLICAS": "nglstate",
    "EMANNOTATIONSCHEMAS_REPLICAS": "schema",
}
"""Variable with a fixed number of copies to the service."""


@dataclass(frozen=True, kw_only=True)
class _Fleet:
    """A pair of variables with least and most copies, and whose they are."""

    services: tuple[str, ...]
    may_sleep: bool = False
    """Whether nothing may run while its queue is empty."""
    is_fixed: bool = False
    """Whether exactly one runs, whatever the variables say beyond whether it does."""


_FLEETS: Mapping[str, _Fleet] = {
    "PYCG": _Fleet(services=("pychunkedgraph",)),
    "PYCG_READ": _Fleet(services=("pychunkedgraph-read",)),
    "MESHING": _Fleet(services=("meshing",)),
    "MESHWORKER": _Fleet(services=("meshworker",), may_sleep=True),
    "REMESHWORKER": _Fleet(services=("remeshworker",), may_sleep=True),
    "GUIDEBOOK": _Fleet(services=("guidebook",)),
    "GUIDEBOOK_WORKER": _Fleet(services=("guidebook-worker",)),
    "TOURGUIDE": _Fleet(services=("tourguide",)),
    "PCGL2CACHE": _Fleet(services=("pcgl2cache",)),
    "PCGL2CACHE_WORKER": _Fleet(services=_L2_WORKERS, may_sleep=True),
    "SKELETONCACHE": _Fleet(services=("skeletoncache",)),
    "SKELETONCACHE_WORKER": _Fleet(services=_SKELETON_WORKERS, may_sleep=True),
    "ANNOTATIONENGINE": _Fleet(services=("annotationengine",)),
    "MAT": _Fleet(services=("materialize",)),
    _PRODUCER: _Fleet(services=("celery-producer",), may_sleep=True),
    "CELERY_CONSUMER": _Fleet(services=("celery-consumer",), may_sleep=True),
    "DASH": _Fleet(services=("dash",)),
    "PPROGRESS": _Fleet(services=("pprogress",)),
    "PMANAGEMENT": _Fleet(services=("pmanagement",)),
    "PROXY": _Fleet(services=("proxy",)),
    "CAVECANARY": _Fleet(services=("cavecanary",), is_fixed=True),
}

_FOLLOWERS: Mapping[str, str] = {
    "skeletoncache-worker-dead": "skeletoncache-worker-low",
    "celery-deltalake": "celery-producer",
    "celery-orchestration": "celery-producer",
}
"""Service that runs where another one does, without variables of its own."""

_READERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "edits": (("pychunkedgraph", "meshing"), ("meshworker", "remeshworker", *_L2_WORKERS[:2])),
    "L2 updates": (("pcgl2cache",), ("pcgl2cache-worker",)),
    "urgent skeletons": (("skeletoncache",), ("skeletoncache-worker-high",)),
    "other skeletons": (("skeletoncache",), ("skeletoncache-worker-low",)),
}
"""What is waiting in a queue, who fills it, and who could read it; the first is turned on where nobody does."""


def add_services(draft: Draft) -> None:
    """All choices of services that the variables make."""
    for kind in map(str, kinds(draft)):
        for image in _IMAGES.get(kind, ()):
            _add_version(draft, image)
    draft.put(("images", "fallback"), "upstream")
    for variable, service in _REPLICAS.items():
        _add_replicas(draft, variable, service)
    if "local" in kinds(draft):
        for prefix, fleet in _FLEETS.items():
            _add_fleet(draft, prefix, fleet)
        _add_followers(draft)
        _add_scheduler(draft)
        _wake_readers(draft)
        _add_l2cache_of_guidebook(draft)
    _add_sizes(draft)


def _add_version(draft: Draft, image: _Image) -> None:
    version = parsed(draft, image.variable, parse.text)
    if not isinstance(version, str):
        return
    bare = version.removeprefix("v") if version[1:2].isdigit() else version
    for service in image.services:
        draft.put(
            ("services", service, "image"), {"source": "upstream", "version": f"{image.prefix}{bare}"}, image.variable
        )


def _add_replicas(draft: Draft, variable: str, service: str) -> None:
    copies = parsed(draft, variable, parse.integer)
    if not isinstance(copies, int):
        return
    if copies > 0:
        draft.put(("services", service, "scaling"), {"min": copies, "max": copies}, variable)
    else:
        draft.turn(service, variable, is_on=False)


def _add_fleet(draft: Draft, prefix: str, fleet: _Fleet) -> None:
    least_name, most_name = f"{prefix}_MIN_REPLICAS", f"{prefix}_MAX_REPLICAS"
    least, most = (parsed(draft, name, parse.integer) for name in (least_name, most_name))
    told = [name for name in (least_name, most_name) if draft.variable(name)]
    names = [name for name in told if not draft.is_settled(name)]
    version = next((one.variable for one in _IMAGES["local"] if fleet.services[0] in one.services), "")
    if isinstance(most, int) and most <= 0:
        _turn_off(draft, fleet.services, names)
        return
    if draft.text(version) is None:
        # An image without a version can't be pulled, so whatever the bounds say, nothing ran.
        _turn_off(draft, fleet.services, names)
        if isinstance(most, int):
            draft.warn(most_name, f"{version} is not set, so upstream's image had no version and never ran. It is off.")
        return
    if not isinstance(most, int):
        for name in names:
            draft.drop(name, "without the other bound it says nothing")
        return
    scaling = {"min": _least(draft, prefix, least if isinstance(least, int) else None, most, fleet), "max": most}
    for service in fleet.services:
        draft.turn(service, *names, is_on=True)
        if not fleet.is_fixed:
            draft.put(("services", service, "scaling"), dict(scaling), *names)


def _least(draft: Draft, prefix: str, told: int | None, most: int, fleet: _Fleet) -> int:
    """Copies that always run: never more than run at all, and one where nothing would wake the first."""
    low = told or 0
    if low <= 0 and not fleet.may_sleep and not fleet.is_fixed:
        low = 1
        if told is not None:
            draft.warn(f"{prefix}_MIN_REPLICAS", "Nothing would wake what answers requests, so one copy always runs.")
    if low > most:
        draft.warn(f"{prefix}_MIN_REPLICAS", f"It is above {prefix}_MAX_REPLICAS, which holds.")
    return max(0, min(low, most))


def _turn_off(draft: Draft, services: tuple[str, ...], names: list[str]) -> None:
    for service in services:
        draft.turn(service, *names, is_on=False)


def _add_followers(draft: Draft) -> None:
    least = parsed(draft, f"{_PRODUCER}_MIN_REPLICAS", parse.integer)
    is_running = draft.get(("services", "celery-producer", "enabled")) is not False
    if is_running and least == 0 and draft.variable(f"{_PRODUCER}_MIN_REPLICAS"):
        # Upstream deploys none of these workers then, whatever the other variables say.
        _turn_off(draft, _MATERIALIZE_WORKERS, [f"{_PRODUCER}_MIN_REPLICAS"])
        for service in _MATERIALIZE_WORKERS:
            draft.remove(("services", service, "scaling"))
        draft.warn(
            f"{_PRODUCER}_MIN_REPLICAS",
            "It is 0, and upstream then deploys no worker of materialization at all, whatever "
            f"{_PRODUCER}_MAX_REPLICAS and CELERY_CONSUMER_MAX_REPLICAS say. They are off here too; to run them, write "
            "enabled: true for celery-producer, -consumer, -orchestration and -deltalake.",
        )
    for service, leader in _FOLLOWERS.items():
        if draft.get(("services", leader, "enabled")) is False:
            draft.turn(service, is_on=False)


def _add_scheduler(draft: Draft) -> None:
    name = "CELERY_BEAT_REPLICAS"
    copies = parsed(draft, name, parse.integer)
    if isinstance(copies, int):
        draft.put(("materialization", "paused"), copies <= 0, name)
        if copies > 1:
            draft.warn(name, "More than one scheduler starts everything twice; exactly one runs now.")
    if draft.get(("services", "celery-producer", "enabled")) is False:
        draft.turn("celery-beat-scheduler", is_on=False)


def _wake_readers(draft: Draft) -> None:
    """What nobody reads would be lost: Karst refuses it, so a reader may run where something comes."""
    for waiting, (writers, readers) in _READERS.items():
        fills = [name for name in writers if _runs(draft, name)]
        if not fills or any(_runs(draft, name) for name in readers):
            continue
        draft.turn(readers[0], is_on=True)
        draft.put(("services", readers[0], "scaling"), {"min": 0, "max": 1})
        draft.warn(
            f"services.{readers[0]}",
            f"Upstream ran no reader of {waiting}, with which {' and '.join(fills)} fill a queue. One copy now runs "
            "when something waits there.",
        )


def _add_l2cache_of_guidebook(draft: Draft) -> None:
    """Upstream's file computes it from whether level-2 statistics run; the words of it are taken where they stand."""
    name = "GUIDEBOOK_ENABLE_L2CACHE"
    told = parsed(draft, name, parse.boolean)
    least = parsed(draft, "PCGL2CACHE_MIN_REPLICAS", parse.integer)
    uses = told if isinstance(told, bool) else isinstance(least, int) and least > 0
    draft.put(("guidebook", "use_l2cache"), uses, *([name] if draft.variable(name) else []))


def _runs(draft: Draft, service: str) -> bool:
    return draft.get(("services", service, "enabled")) is not False


def _add_sizes(draft: Draft) -> None:
    """What copies reserve. Upstream sets no limits; ours stand above the reservation as far as in its newer charts."""
    for prefix, service in (("PYCG", "pychunkedgraph"), ("PYCG_READ", "pychunkedgraph-read")):
        gib = parsed(draft, f"{prefix}_MEM_GIB", parse.numeric)
        if isinstance(gib, int | float):
            _add_memory(draft, service, int(gib * 1024 + 0.5), 1.2, f"{prefix}_MEM_GIB")
        milli = parsed(draft, f"{prefix}_MILLI_CPU", parse.integer)
        if isinstance(milli, int):
            draft.put(("services", service, "resources", "cpu"), f"{milli}m", f"{prefix}_MILLI_CPU")
    for service in ("celery-consumer", "celery-producer"):
        if draft.variable("CELERY_MEMORY") and isinstance(mib := parsed(draft, "CELERY_MEMORY", parse.mebibytes), int):
            _add_memory(draft, service, mib, 2, "CELERY_MEMORY")
        if isinstance(cpu := parsed(draft, "CELERY_CPU", parse.processor), str):
            draft.put(("services", service, "resources", "cpu"), cpu, "CELERY_CPU")
    if isinstance(mib := parsed(draft, "MAT_SERVICE_MEM", parse.mebibytes), int):
        _add_memory(draft, "materialize", mib, 1.5, "MAT_SERVICE_MEM")
    fleet = "SKELETONCACHE_WORKER_MAX_REPLICAS"
    if draft.variable(fleet) and isinstance(most := parsed(draft, fleet, parse.integer), int) and most > 0:
        # From the number of workers the service tells people how long they will wait.
        draft.put(("services", "skeletoncache", "env", fleet), str(most), fleet)
    level = parsed(draft, "MAT_LOG_LEVEL", parse.text)
    for service in _WITH_LOG_LEVEL if isinstance(level, str) else ():
        draft.put(("services", service, "log_level"), str(level).upper(), "MAT_LOG_LEVEL")


def _add_memory(draft: Draft, service: str, mib: int, share: float, name: str) -> None:
    draft.put(("services", service, "resources", "memory"), f"{mib}Mi", name)
    draft.put(("services", service, "resources", "memory_limit"), f"{int(mib * share)}Mi")
