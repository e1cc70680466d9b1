"""`python -m karst_clio`: serve the connectomics store with the settings of the environment, or move its documents.

`export`, `import` and `migrate` are commands of `karst_clio.exports`.
"""

import os
import sys

from karst_clio.settings import ClioSettings
from karst_clio.stores import refuse_other_schema, run_apart
from karst_platform import SettingsError, load_settings
from karst_platform.server import serve

DRAIN_S = 50


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    if len(sys.argv) > 1:
        from karst_clio.exports.command import run  # noqa: PLC0415 - a server needs none of it

        sys.exit(run(sys.argv[1:]))
    try:
        settings = load_settings(ClioSettings, os.environ)
        run_apart(refuse_other_schema(settings))
    except SettingsError as error:
        sys.exit(str(error))
    serve("karst_clio.main:application", settings, drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
