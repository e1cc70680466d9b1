"""The way to stores of Google, or to their emulators: the channel, and what it means when nobody answers there."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

import grpc.aio
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from karst_platform.stores.documents import StoreUnavailableError

EMULATED: Final = ("authorization", "Bearer owner")
"""What emulators want to hear."""
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),  # two minutes otherwise, in which a store that is back seems gone
    ("grpc.keepalive_time_ms", 30000),
]


class Transport(Protocol):
    """A transport of a client library, which knows the real store's address."""

    def create_channel(self, *, options: list[tuple[str, int]]) -> grpc.aio.Channel:
        """A channel there."""
        ...


def channel(transport: Transport, emulator_host: str | None) -> grpc.aio.Channel:
    """A channel to an emulator, where one is named, else to the real store by the machine's identity."""
    if emulator_host:
        return grpc.aio.insecure_channel(emulator_host, options=_OPTIONS)
    return transport.create_channel(options=_OPTIONS)


@contextmanager
def unavailability(store: str) -> Generator[None]:
    """Turn faults of a store, of the way to it and of the right to use it into StoreUnavailableError."""
    try:
        yield
    except (exceptions.ServerError, exceptions.TooManyRequests, exceptions.RetryError, exceptions.Cancelled) as error:
        raise StoreUnavailableError(f"{store} is not available ({type(error).__name__})") from error
    except (exceptions.Unauthorized, exceptions.Forbidden, exceptions.NotFound, GoogleAuthError) as error:
        raise StoreUnavailableError(f"{store} can't be used ({error})") from error
