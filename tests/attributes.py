"""Values in nested lists and objects, by their paths: `spec[0].replicas`."""

from __future__ import annotations

from collections.abc import Iterator

REMARKS = "//"


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its path, the toolkit's remarks left out; a list or object without content is a value."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if key != REMARKS:
                yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, value


def differing(before: object, after: object) -> dict[str, tuple[object, object]]:
    """The values that differ, by path; None where there is none."""
    old, new = dict(leaves(before)), dict(leaves(after))
    paths = sorted(old.keys() | new.keys())
    return {path: (old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)}
