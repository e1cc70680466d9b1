"""`python -m karst_info [migrate]`: serve with the settings of the environment, or bring the database up to date.

`import` is a command of `karst_info.imports`.
"""

import sys

from karst_info.migrations import MIGRATIONS
from karst_info.settings import InfoSettings
from karst_platform.server import serve
from karst_platform.settings import settings_or_exit

DRAIN_S = 40


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    if sys.argv[1:2] == ["import"]:
        from karst_info.imports.command import run  # noqa: PLC0415 - a server needs none of it

        sys.exit(run(sys.argv[1:]))
    settings = settings_or_exit(InfoSettings)
    if sys.argv[1:] == ["migrate"]:
        MIGRATIONS.run(settings.database)
    elif sys.argv[1:]:
        sys.exit("usage: python -m karst_info [migrate | import DUMP]")
    else:
        serve("karst_info.main:application", settings, drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
