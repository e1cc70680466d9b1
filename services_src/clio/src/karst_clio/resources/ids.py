"""Which texts can name documents."""

from __future__ import annotations

from karst_platform.stores.documents import Path, UnstorableError
from karst_platform.stores.storable import check_path


def can_exist(path: Path) -> bool:
    """Whether a store could hold something of this path; what it can't hold isn't there, and that is no mistake."""
    try:
        check_path(path)
    except UnstorableError:
        return False
    return True
