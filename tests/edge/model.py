"""A load balancer on paper: reads a synthesized URL map as Google describes it, and says where a request would go.

It shares no code with what writes the map. Rules are tried by priority; of a rule's matches any suffices; a template's
`*` is one segment, its `**` any text; exact paths and prefixes are compared as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
_LINK = re.compile(r"\$\{google_compute_backend_service\.([a-z0-9_-]+)\.self_link\}")


def url_map(document: Document) -> Document:
    """The map that routes; the other one only redirects."""
    (found,) = [each for each in document["resource"]["google_compute_url_map"].values() if "path_matcher" in each]
    return found


def answer(document: Document, path: str, host: str) -> Mapping[str, int]:
    """Names of the back ends that may get a request, with their share in percent."""
    table = url_map(document)
    matchers = {each["name"]: each for each in table["path_matcher"]}
    chosen = [rule["path_matcher"] for rule in table["host_rule"] if host in rule["hosts"]]
    if not chosen:
        return _named(document, {table["default_service"]: 100})
    matcher = matchers[chosen[0]]
    for rule in sorted(matcher["route_rules"], key=lambda each: each["priority"]):
        if any(_matches(match, path) for match in rule["match_rules"]):
            weighted = rule["route_action"].get("weighted_backend_services")
            if weighted is None:
                return _named(document, {rule["service"]: 100})
            assert "service" not in rule, "the API refuses a rule with both"
            return _named(document, {each["backend_service"]: each["weight"] for each in weighted})
    return _named(document, {matcher["default_service"]: 100})


def _matches(match: Mapping[str, str], path: str) -> bool:
    ((kind, value),) = match.items()
    if kind == "full_path_match":
        return path == value
    if kind == "prefix_match":
        return path.startswith(value)
    assert kind == "path_template_match", kind
    parts = {"*": "[^/]+", "**": ".*"}
    return re.fullmatch("/".join(parts.get(part, re.escape(part)) for part in value.split("/")), path) is not None


def _named(document: Document, shares: Mapping[str, int]) -> Mapping[str, int]:
    services = document["resource"]["google_compute_backend_service"]
    names: dict[str, int] = {}
    for link, share in shares.items():
        found = _LINK.fullmatch(link)
        assert found, f"{link} is no back end of this stack"
        names[services[found[1]]["name"]] = share
    return names
