"""The pages of auth: one look for what people do with their account and for administration."""

from __future__ import annotations

from karst_platform.cave.guard.places import Places
from karst_platform.pages import Link, Pages, Site

LINKS = (
    Link("Profile", "/settings"),
    Link("Keys", "/settings/tokens"),
    Link("Datasets", "/settings/datasets"),
)


def account_pages(places: Places) -> Pages:
    """The pages of people's accounts."""
    return Pages(
        Site(
            package="karst_auth",
            service="Account",
            links=LINKS,
            login_url=places.login_url,
            sign_out="/settings/sign_out",
        )
    )
