"""Holds a draft against the models: what doesn't fit is taken out and told, so that the rest is valid."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from karst.adoption.draft import Draft
from karst.adoption.rows import NOT_FITTING
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.errors import Location, dotted
from karst.drafts.yaml_text import Node

_MOST_ROUNDS = 200


class MissingError(ValueError):
    """A file that lacks what no deployment can be without."""


def fit(draft: Draft) -> None:
    """Take out of the deployment what its model refuses, one value after the other, until all of it is taken."""
    for _ in range(_MOST_ROUNDS):
        place = _first_misfit(draft.deployment, Deployment)
        if place is None:
            break
        _take_out(draft, place)
    for file, data in draft.datasets.items():
        for _ in range(_MOST_ROUNDS):
            place = _first_misfit(data, Dataset)
            known = _existing_part(data, place) if place is not None else ()
            if len(known) < 2:
                # What a dataset can't be without stays: validation says what is wrong with it.
                break
            draft.remove_from_dataset(file, known)
            draft.warn(f"datasets/{file}.yaml: {dotted(known)}", "The value is none that the key can take: left out.")


def _first_misfit(tree: Mapping[str, Node], model: type[BaseModel]) -> Location | None:
    try:
        model.model_validate_json(json.dumps(tree), strict=True)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return tuple(found[0]["loc"])
    return None


def _take_out(draft: Draft, place: Location) -> None:
    """The nearest key that stands in the draft goes, with the variable that it came from."""
    known = _existing_part(draft.deployment, place)
    if not known or known in {("gcp",), ("dns",), ("gcp", "project"), ("gcp", "region"), ("gcp", "zone")} | _NEEDED:
        raise MissingError(
            f"{_origin(draft, place) or dotted(place)} has a value that {dotted(place)} can't take. Correct it there"
        )
    numbers = _numbers(draft.get(known)) if known == place else []
    if numbers:
        # A section whose numbers don't go together keeps the rest: the names in it are what matters.
        for key in numbers:
            _leave_out(draft, (*known, key))
    else:
        _leave_out(draft, known)


def _numbers(node: Node) -> list[str]:
    """Keys of a section that hold numbers, where it holds anything else too."""
    if not isinstance(node, Mapping):
        return []
    found = [key for key, value in node.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    return found if len(found) < len(node) else []


def _leave_out(draft: Draft, known: Location) -> None:
    keys = [key for key in draft.origins if key[: len(known)] == known or known[: len(key)] == key]
    names = dict.fromkeys(draft.origins[key] for key in keys)
    for name in names:
        draft.unmap(name)
        draft.drop(name, NOT_FITTING)
        draft.warn(name, f"Its value is none that {dotted(known)} can take, and is left out. Write the key by hand.")
    if not names:
        draft.warn(dotted(known), "What was put together here is no value that the key can take, and is left out.")
    draft.remove(known)


_NEEDED: set[Location] = {("dns", "zone"), ("dns", "domain"), ("name",), ("kinds",)}


def _existing_part(tree: Node, place: Location) -> Location:
    """The longest beginning of `place` that leads to a key in the tree; items of lists count as their list."""
    found: Location = ()
    node = tree
    for part in place:
        if isinstance(node, Mapping) and str(part) in node:
            node = node[str(part)]
            found = (*found, part)
        elif isinstance(node, Sequence) and not isinstance(node, str):
            break
        else:
            break
    return found


def _origin(draft: Draft, place: Location) -> str | None:
    return next((name for key, name in draft.origins.items() if place[: len(key)] == key), None)
