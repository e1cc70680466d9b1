"""Variables of single programs whose texts are in languages of their own: JSON, YAML, Python, lists of numbers."""

from __future__ import annotations

import ast
import re

import yaml

from karst.adoption import parse
from karst.adoption.draft import Draft
from karst.adoption.rows import NOT_FITTING
from karst.adoption.secrets import kinds
from karst.adoption.values import Plain, Structure
from karst.drafts.yaml_text import Node

_CHANNEL = re.compile(r"#?[a-z0-9_-]{1,80}\Z|[CG][A-Z0-9]{6,}\Z")
_DAYS = {day: str(number) for number, day in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_CRON = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_TASKS = frozenset(
    {
        "run_daily_periodic_materialization",
        "run_weekly_periodic_materialization",
        "run_lts_periodic_materialization",
        "remove_expired_databases",
        "run_periodic_database_update",
    }
)
_SUPPORT = "DASH_DATASTACK_SUPPORT"
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def data_of(draft: Draft, name: str) -> Plain:
    """What a variable holds as JSON, Python or an input of Terraform; None, and a warning, where it is none."""
    variable = draft.variable(name)
    if variable is not None and isinstance(variable.value, Structure):
        return variable.value.value
    raw = draft.text(name)
    if raw is None:
        items = draft.items(name)
        return list(items) if items else None
    try:
        return parse.literal(raw)
    except ValueError as error:
        return _unfit(draft, name, str(error))


def add_admins(draft: Draft, name: str) -> None:
    """`[[e-mail, name, head of the laboratory], ...]`."""
    found = data_of(draft, name)
    if found is None:
        return
    admins: list[Node] = []
    for one in found if isinstance(found, list) else []:
        if isinstance(one, list) and len(one) >= 2 and all(isinstance(part, str) for part in one):
            keys = ("email", "name", "pi")
            admins.append({key: str(part).strip() for key, part in zip(keys, one, strict=False) if str(part).strip()})
        else:
            draft.warn(
                name, "One of its entries is no list of e-mail, name and head of the laboratory. Add it by hand."
            )
    if admins:
        draft.put(("auth", "admins"), admins, name)
    else:
        _unfit(draft, name, "it lists nobody")


def add_slack_channel(draft: Draft, name: str) -> None:
    """A channel counts only together with a token."""
    channel = draft.text(name)
    if draft.variable("SLACK_API_TOKEN") is None or not draft.environment.text("SLACK_API_TOKEN"):
        draft.drop(name, "there is no SLACK_API_TOKEN, without which the canary is silent")
    elif channel is None or not _CHANNEL.match(channel):
        _unfit(draft, name, "it is no name of a channel, such as #cave-alerts, and no id of one")
    else:
        draft.put(("canary", "slack", "channel"), channel, name)


def add_schedules(draft: Draft, name: str) -> None:
    """A list of `{name, minute, hour, day_of_week?, day_of_month?, task}`: numbers, lists or texts of cron."""
    found = data_of(draft, name)
    if found is None:
        return
    if not isinstance(found, list):
        _unfit(draft, name, "it is no list of schedules")
        return
    schedules: list[Node] = []
    for number, entry in enumerate(found, start=1):
        schedule = _schedule(draft, name, number, entry)
        if schedule is not None:
            schedules.append(schedule)
    draft.put(("materialization", "schedules"), schedules, name)


def _schedule(draft: Draft, name: str, number: int, entry: Plain) -> dict[str, Node] | None:
    task = entry.get("task") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(task, str) or task.rpartition(".")[2] not in _TASKS:
        known = ", ".join(sorted(_TASKS))
        draft.warn(name, f"Entry {number} names no task that a schedule can have, and is left out. Tasks: {known}.")
        return None
    if entry.get("datastack_params"):
        draft.warn(
            name, f"Entry {number} is for one datastack. It covers all now: name datasets in materialization.schedules."
        )
    cron = " ".join(_cron_field(entry.get(field, "*"), is_day=field == "day_of_week") for field in _CRON)
    label = entry.get("name")
    return {
        "name": re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.") if isinstance(label, str) else f"run-{number}",
        "task": task.rpartition(".")[2],
        "cron": cron,
    }


def _cron_field(value: Plain, *, is_day: bool) -> str:
    """One field of a cron entry, in numbers; Sunday is 0."""
    text = ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
    text = re.sub(r"\s+", "", text).lower() or "*"
    if not is_day:
        return text
    for day, number in _DAYS.items():
        text = re.sub(rf"{day}[a-z]*", number, text)
    return re.sub(r"(?<![0-9/*-])7(?![0-9])", "0", text)


def add_proxy_map(draft: Draft, name: str) -> None:
    """A mapping in Python. Upstream's own default lacks its last brace."""
    variable = draft.variable(name)
    raw = draft.text(name)
    if variable is not None and isinstance(variable.value, Structure):
        found: Plain = variable.value.value
    else:
        try:
            found = parse.literal(raw or "{}")
        except ValueError as error:
            try:
                found = parse.literal(f"{raw}}}")
            except ValueError:
                _unfit(draft, name, str(error))
                return
            draft.warn(
                name, "Its last brace is missing, as in upstream's own template; it is read as if it were there."
            )
    if not isinstance(found, dict):
        _unfit(draft, name, "it is no mapping of names to URLs")
        return
    urls: dict[str, Node] = {
        key: value.strip() for key, value in found.items() if isinstance(value, str) and value.startswith("https://")
    }
    if len(urls) < len(found):
        draft.warn(name, "Some of its names lead to no https:// URL and are left out.")
    if urls:
        draft.put(("proxy", "map"), dict(sorted(urls.items())), name)
    else:
        draft.drop(name, "it maps nothing")


def add_remapping(draft: Draft, name: str) -> None:
    """JSON: datastack to the datastack whose skeletons it shares."""
    found = data_of(draft, name)
    if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
        if found:
            draft.put(("skeletoncache", "datastack_remapping"), dict(sorted(found.items())), name)
        else:
            draft.drop(name, "it maps nothing")
    elif found is not None:
        _unfit(draft, name, "it is no mapping of names to names")


def add_resolution(draft: Draft, name: str) -> None:
    """`4,4,40`."""
    try:
        sizes: list[Node] = [parse.numeric(one) for one in draft.items(name)]
    except ValueError as error:
        _unfit(draft, name, str(error))
        return
    if len(sizes) == 3:
        draft.put(("guidebook", "expected_resolution"), sizes, name)
    else:
        _unfit(draft, name, "it is no size along x, y and z, such as 4,4,40")


def add_timeout(draft: Draft, name: str) -> None:
    """Seconds, with or without an s behind them."""
    raw = (draft.text(name) or "").rstrip("s")
    try:
        draft.put(("tourguide", "timeout_s"), parse.integer(raw), name)
    except ValueError as error:
        _unfit(draft, name, str(error))


def add_l2_tables(draft: Draft, name: str) -> None:
    """`GRAPH: {cv_path, l2cache_id}` in YAML: where level-2 statistics stand."""
    variable = draft.variable(name)
    if variable is not None and isinstance(variable.value, Structure):
        found: object = variable.value.value
    else:
        try:
            # A safe loader that makes nothing but plain data, only written in C where it can be had.
            found = yaml.load(draft.text(name) or "", Loader=_YAML_LOADER)  # noqa: S506
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f" in its line {mark.line + 1}" if mark is not None else ""
            _unfit(draft, name, f"it is no YAML{line}")
            return
    tables: dict[str, Node] = {}
    for graph, entry in found.items() if isinstance(found, dict) else ():
        fields = {key: entry.get(key) for key in ("cv_path", "l2cache_id")} if isinstance(entry, dict) else {}
        if all(isinstance(value, str) for value in fields.values()) and fields:
            tables[str(graph)] = {key: str(value) for key, value in fields.items()}
        else:
            draft.warn(name, "One of its entries has no cv_path and l2cache_id, and is left out.")
    if tables:
        draft.put(("l2cache", "tables"), dict(sorted(tables.items())), name)
    else:
        draft.drop(name, "it lists no graph")


def add_tables_of_dash(draft: Draft, name: str) -> None:
    """A module of Python. What it assigns to DASH_DATASTACK_SUPPORT is read, nothing is run; all is kept as text."""
    variable = draft.variable(name)
    raw = draft.text(name) or ""
    if variable is not None and isinstance(variable.value, Structure):
        support: object = variable.value.value
    else:
        draft.put(("extra", "env", name), raw, name)
        try:
            support = _assigned(ast.parse(raw), _SUPPORT)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            where = f"In its line {line} it" if line else "It"
            draft.warn(name, f"{where} is no Python, so upstream's dash could not start with it. It is kept as it is.")
            return
    if not isinstance(support, dict):
        draft.warn(name, f"It assigns no mapping to {_SUPPORT}. Name the datastacks under dash.datastacks.")
        return
    known: dict[str, Node] = {}
    for stack, options in support.items():
        plain_options = options if isinstance(options, dict) else {}
        scalars = {str(key): one for key, one in plain_options.items() if isinstance(one, str | int | float | bool)}
        if len(scalars) < len(plain_options) or not isinstance(options, dict):
            draft.warn(name, "Options of a datastack that are no single text or number are kept in extra.env only.")
        known[str(stack)] = scalars
    if known:
        draft.put(("dash", "datastacks"), dict(sorted(known.items())), name)


def _assigned(module: ast.Module, name: str) -> object:
    """What a module assigns to a name, as far as it is written out: other names in it are looked up, nothing is run."""
    known: dict[str, ast.expr] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            known |= {target.id: statement.value for target in statement.targets if isinstance(target, ast.Name)}
    return _written(known[name], known, 0) if name in known else None


def _written(node: ast.expr, known: dict[str, ast.expr], depth: int) -> object:
    if depth > 20:
        return None
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _written(known[node.id], known, depth + 1) if node.id in known else None
    if isinstance(node, ast.List | ast.Tuple):
        return [_written(one, known, depth + 1) for one in node.elts]
    if isinstance(node, ast.Dict):
        keys = [_written(key, known, depth + 1) if key is not None else None for key in node.keys]
        values = [_written(value, known, depth + 1) for value in node.values]
        return {key: value for key, value in zip(keys, values, strict=True) if isinstance(key, str)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) else None
    return None


def finish_slack(draft: Draft) -> None:
    """A token without a channel has nowhere to speak."""
    slack = draft.get(("canary", "slack"))
    if isinstance(slack, dict) and "channel" not in slack:
        draft.remove(("canary", "slack"))
        draft.warn("SLACK_API_TOKEN", "There is no channel beside it. Write canary.slack: {token, channel}.")


def finish_auth(draft: Draft) -> None:
    """A local deployment has a key of sessions in its file, which nothing there reads."""
    if "global" not in kinds(draft) and draft.get(("auth", "secret_key")) is not None:
        draft.remove(("auth", "secret_key"))
        draft.hide(
            "AUTHSERVICE_SECRET_KEY",
            meaning="Nothing in a local deployment reads it; the import of the global one keeps its own.",
        )


def _unfit(draft: Draft, name: str, why: str) -> None:
    draft.warn(name, f"It is left out: {why}.")
    draft.drop(name, NOT_FITTING)
