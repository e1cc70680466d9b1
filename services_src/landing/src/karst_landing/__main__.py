"""`python -m karst_landing`: serve the front page with the settings of the environment."""

from karst_landing.settings import LandingSettings
from karst_platform.server import serve
from karst_platform.settings import settings_or_exit

DRAIN_S = 6


def main() -> None:
    """Serve until SIGTERM; end with a message where the settings are wrong."""
    serve("karst_landing.main:application", settings_or_exit(LandingSettings), drain_s=DRAIN_S)


if __name__ == "__main__":
    main()
