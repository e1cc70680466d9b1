"""The front page of a deployment: its services and datasets."""

from karst_landing.main import create_app
from karst_landing.settings import LandingSettings, ServiceLink

__all__ = ["LandingSettings", "ServiceLink", "create_app"]
