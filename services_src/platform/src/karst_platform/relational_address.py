"""Addresses of databases."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError


def engine_url(dsn: str) -> URL:
    """The address in SQLAlchemy's words: `postgresql://...` with the driver that we use."""
    return make_url(dsn).set(drivername="postgresql+psycopg")


def place_of(dsn: str) -> str:
    """The address without user and password, for people to read. Raises ValueError, which quotes nothing of it."""
    try:
        url = engine_url(dsn)
        host = url.host or url.query.get("host") or "localhost"
    except (ArgumentError, ValueError):
        url, host = None, ""
    if url is None or not url.database or not dsn.startswith(("postgresql://", "postgres://")):
        raise ValueError(
            "The address of PostgreSQL can't be read. Write postgresql://user:password@host:5432/database, "
            "with special characters of the password in percent form"
        )
    return f"postgresql://{host}:{url.port or 5432}/{url.database}"
