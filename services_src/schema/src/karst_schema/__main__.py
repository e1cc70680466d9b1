"""`python -m karst_schema`: serve the schemas with the settings of the environment."""

import os
import sys

from karst_platform import SettingsError, load_settings
from karst_platform.server import serve
from karst_schema.settings import SchemaSettings

DRAIN_S = 40


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    try:
        settings = load_settings(SchemaSettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    serve("karst_schema.main:application", settings, drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
