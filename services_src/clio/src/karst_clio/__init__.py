"""The connectomics store: annotations, neurons, bookmarks and search, for every client that speaks to clio today."""

from karst_clio.main import create_app
from karst_clio.settings import ClioSettings

__all__ = ["ClioSettings", "create_app"]
