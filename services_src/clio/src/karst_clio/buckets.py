"""Buckets by their names: of Cloud Storage, or folders below one folder where the settings name it."""

from __future__ import annotations

from collections.abc import Callable

from karst_clio.settings import ClioSettings
from karst_platform.stores.objects import Objects, check_key
from karst_platform.stores.objects_obstore import bucket_objects, folder_objects

Buckets = Callable[[str], Objects]
"""Opens a bucket, or a path in one: `bucket/path`; nothing is connected before its first use.

Raises `BadKeyError` where the name can't be one.
"""


def open_buckets(settings: ClioSettings) -> Buckets:
    """Buckets as the settings say."""
    folder = settings.buckets_folder
    opened: dict[str, Objects] = {}

    def bucket(name: str) -> Objects:
        if name not in opened:
            check_key(name)
            opened[name] = _in_cloud(name) if folder is None else folder_objects(folder / name)
        return opened[name]

    return bucket


def _in_cloud(name: str) -> Objects:
    bucket, _, path = name.partition("/")
    return bucket_objects(bucket, prefix=path or None)
