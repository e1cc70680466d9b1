"""`python -m karst_nglstate`: serve states with the settings of the environment, or move them.

`export` and `import` are commands of `karst_nglstate.moving`.
"""

import sys

from karst_nglstate.settings import StateSettings
from karst_platform.server import serve
from karst_platform.settings import settings_or_exit

DRAIN_S = 310


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    if len(sys.argv) > 1:
        from karst_nglstate.moving.command import run  # noqa: PLC0415 - a server needs none of it

        sys.exit(run(sys.argv[1:]))
    serve("karst_nglstate.main:application", settings_or_exit(StateSettings), drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
