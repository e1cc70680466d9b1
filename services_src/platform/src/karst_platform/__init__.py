"""What every service of Karst shares: settings, application, health, logs, errors, server."""

from karst_platform.app import service_app
from karst_platform.errors import ServiceError
from karst_platform.settings import Settings, SettingsError, load_settings

__all__ = ["ServiceError", "Settings", "SettingsError", "load_settings", "service_app"]
