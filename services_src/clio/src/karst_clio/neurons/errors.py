"""What is wrong with a request about bodies."""

from __future__ import annotations

from starlette.exceptions import HTTPException


class BadInputError(HTTPException):
    """The request asks for something that can't be; answered with 400 and the text."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


class NotThereError(HTTPException):
    """What the request names isn't there; answered with 404 and the text."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)
