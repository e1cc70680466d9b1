"""`python -m karst_schema`: serve the schemas with the settings of the environment."""

from karst_platform.server import serve
from karst_platform.settings import settings_or_exit
from karst_schema.settings import SchemaSettings

DRAIN_S = 40


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    serve("karst_schema.main:application", settings_or_exit(SchemaSettings), drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
