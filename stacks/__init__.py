"""The stacks of a deployment: wiring only. What they wire stands in `karst.platform` and `karst.gcp`."""

from pathlib import Path

import karst
from karst import fast_bindings

# Here, because every import of a stack passes through here before it reaches the bindings of a provider.
fast_bindings.activate([Path(karst.__path__[0]), Path(__file__).parent])
