"""What every service of Karst shares: settings, application, health, logs, errors, server."""

from karst_platform.app import service_app
from karst_platform.settings import Settings, SettingsError, load_settings

__all__ = ["Settings", "SettingsError", "load_settings", "service_app"]
