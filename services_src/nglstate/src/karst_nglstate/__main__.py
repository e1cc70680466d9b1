"""`python -m karst_nglstate`: serve states with the settings of the environment, or move them.

`export` and `import` are commands of `karst_nglstate.moving`.
"""

import os
import sys

from karst_nglstate.settings import StateSettings
from karst_platform import SettingsError, load_settings
from karst_platform.server import serve

DRAIN_S = 310


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    if len(sys.argv) > 1:
        from karst_nglstate.moving.command import run  # noqa: PLC0415 - a server needs none of it

        sys.exit(run(sys.argv[1:]))
    try:
        settings = load_settings(StateSettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    serve("karst_nglstate.main:application", settings, drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
