"""Blocking calls of a native library, awaited.

Why not the library's own coroutines: a program that ends just after an answer may die of them. Their threads belong to
the library, and one that still returns into Python while the interpreter ends makes the whole process abort, after its
work was done. Threads of Python are waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_CALLS_AT_ONCE: Final = 64
_WRITES_AT_ONCE: Final = 32
_CALLS: Final = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="karst-store")
# Apart from the calls, since what is written may itself be read by such calls: waiting for each other would never end.
_WRITES: Final = ThreadPoolExecutor(_WRITES_AT_ONCE, thread_name_prefix="karst-write")


async def awaited(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a blocking call answers; at most 64 run at once, further ones wait."""
    return await asyncio.get_running_loop().run_in_executor(_CALLS, lambda: call(*args, **kwargs))


async def each(iterator: Iterator[T]) -> AsyncIterator[T]:
    """What an iterator gives whose every step blocks."""
    end = object()
    while (step := await awaited(next, iterator, end)) is not end:
        yield step  # pyright: ignore[reportReturnType] - it isn't the end, so it is a step


async def written(write: Callable[[Iterator[bytes]], T], content: AsyncIterable[bytes]) -> T:
    """What a blocking call answers that takes pieces as they come.

    It fails where they fail, and where nobody waits any more.
    """
    pieces = _Pieces(content, asyncio.get_running_loop())
    try:
        return await asyncio.get_running_loop().run_in_executor(_WRITES, write, pieces)
    except BaseException:
        pieces.stop()
        raise


class _Pieces(Iterator[bytes]):
    """Pieces that come in a loop, given to a thread."""

    def __init__(self, content: AsyncIterable[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._content = aiter(content)
        self._loop = loop
        self._is_stopped = False

    def __next__(self) -> bytes:
        if self._is_stopped:
            raise OSError("Nobody waits for what is written any more")
        piece = asyncio.run_coroutine_threadsafe(self._piece(), self._loop).result()
        if piece is None:
            raise StopIteration
        return piece

    def stop(self) -> None:
        """Let the thread's next step fail, so that nothing half is kept."""
        self._is_stopped = True

    async def _piece(self) -> bytes | None:
        return await anext(self._content, None)
