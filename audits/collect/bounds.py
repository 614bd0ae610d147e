"""Bounds of what a server may answer: bytes of a body, seconds, depth and size of its JSON.

What GitHub, package indexes and container registries answer passes through here. A server may
be broken, or in the hands of somebody else: whatever it sends costs a bounded time and memory.
"""

from __future__ import annotations

import json
import math
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from audits.model.storable import storable_json

DEEPEST = 60
"""Levels of arrays and objects; the deepest query's answer has about twenty."""

MOST_VALUES = 4_000_000
"""Of one answer, by the marks that separate them: an empty list of two bytes takes fifty in
memory.
"""

_LONGEST_INTEGER = 20
_PIECE = 16384
_YEARS = range(1970, 2200)

Result = TypeVar("Result")
Form = TypeVar("Form")


class TooLargeError(Exception):
    """A body is longer than allowed; the rest of it was not read."""


class TooSlowError(Exception):
    """A server did not finish its answer in time."""


def parse_json(text: str, *, most: int = MOST_VALUES) -> Any:  # noqa: ANN401 - JSON of any shape; forms are checked by `shaped`
    """The value of a JSON text, every text in it storable; ValueError for what is no JSON, is
    nested deeper than `DEEPEST` or holds more than ``most`` values.

    A number that no database holds becomes infinity, which no form takes: it costs only what
    it is in.
    """
    if text.count(",") + text.count("[") + text.count("{") > most:
        raise ValueError("too many values")
    try:
        value = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_depth(value)
    return storable_json(value, text)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else math.inf


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            below
            for item in level
            if isinstance(item, dict | list)
            for below in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def moment(value: object) -> datetime | None:
    """A time as servers write it, aware and of our age; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.year not in _YEARS:
        return None
    # a time without a zone is meant to be UTC
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds_after(header: str) -> float | None:
    """The seconds of a ``Retry-After`` header, which may be a date (RFC 9110, section 10.2.3);
    None where it is empty or neither. urllib3 reads more than six hours as six hours.
    """
    try:
        return Retry().parse_retry_after(header[:100]) if header else None
    except (InvalidHeader, ValueError, OverflowError):
        return None


def is_on(url: object, base: str) -> bool:
    """Whether an address leads to the same host as another, by the same scheme."""
    try:
        there, here = urlsplit(url if isinstance(url, str) else ""), urlsplit(base)
    except ValueError:
        return False
    return (there.scheme, there.netloc) == (here.scheme, here.netloc)


def shaped(value: object, form: type[Form]) -> Form:
    """The value as a declared form; ValueError where it is of another."""
    try:
        return msgspec.convert(value, type=form)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def body_of(answer: requests.Response, most: int) -> bytes:
    """The decompressed body of a streamed answer; TooLargeError once it is longer than ``most``
    bytes, ContentDecodingError where it is compressed in a way that was not asked for.
    """
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise requests.exceptions.ContentDecodingError("an encoding that was not asked for")
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in coding else None
    found = bytearray()
    while piece := answer.raw.read1(_PIECE, decode_content=False):
        # one byte more than allowed is enough to know
        room = most + 1 - len(found)
        found += piece if decoder is None else _inflated(decoder, piece, room)
        if len(found) > most:
            raise TooLargeError
    if decoder is not None and found and not decoder.eof:
        raise requests.exceptions.ContentDecodingError("the body ends too early")
    return bytes(found)


def _inflated(decoder: Any, piece: bytes, room: int) -> bytes:  # noqa: ANN401 - zlib's own, unnamed
    try:
        return bytes(decoder.decompress(piece, room))
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError("the body is no gzip") from error


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """The result of work in a thread that is left behind where it takes longer: TooSlowError.

    A socket's timeout restarts with every byte, so that a body which trickles would hold up
    the run; a daemon thread can be abandoned.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # raised again in the thread that waits
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TooSlowError
    return outcome[0]
