"""The front page of a deployment: its services and datasets."""

from karst_landing.main import create_app
from karst_landing.settings import LandingSettings, ServiceLink
from karst_landing.visitors import Demo, HealthSource

__all__ = ["Demo", "HealthSource", "LandingSettings", "ServiceLink", "create_app"]
