"""Packages the sources of a service so that the same source has the same name on every machine."""

from karst.packaging.bundle import Bundle, PackagingError, bundle, service_bundle
from karst.packaging.image import image_reference

__all__ = ["Bundle", "PackagingError", "bundle", "image_reference", "service_bundle"]
