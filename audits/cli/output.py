"""Writes all output of commands: escapes it, colours it, and handles output that fails.

Texts of others reach people through here alone, so that no command can forget to escape them:
a test finds whatever else in this package writes.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import TextIO

from audits.cli.exits import CANNOT_READ
from audits.faults import RedactedFormatter
from audits.model.errors import AuditError
from audits.model.redaction import without_tokens
from audits.report.escape import printable

BROKEN_PIPE = 141
"""What shells report for a program whose reader ended first, as in ``… | head``."""

_STYLES = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "34",
    "info": "2",
    "strong": "1",
    "dim": "2",
    "added": "32",
    "removed": "31",
    "hunk": "36",
}
"""Bold, dim and colours by their numbers: https://en.wikipedia.org/wiki/ANSI_escape_code#SGR"""

# Characters that no text may hold (https://www.unicode.org/faq/private_use.html#nonchar4):
# where a style begins and ends. They turn into escapes of ours after the text was escaped; a
# hostile text with such a character gets a colour, and nothing else.
_FIRST, _END = 0xFDD1, chr(0xFDD0)
_MARKS = {name: chr(_FIRST + number) for number, name in enumerate(_STYLES)}
_NAMES = {mark: name for name, mark in _MARKS.items()}
_MARKED = re.compile(f"([{_END}-{chr(_FIRST + len(_STYLES) - 1)}])")

_ASCII = str.maketrans(
    {
        "✓": "+",
        "✗": "x",
        "·": "-",
        "−": "-",
        "–": "-",
        "…": "...",
        "→": "->",
        "“": '"',
        "”": '"',
    }
)
"""What stands for our own marks where the terminal's encoding lacks them."""


class OutputError(AuditError):
    """What was asked for could not be written."""


class ReaderGoneError(OutputError):
    """The program that reads the output has ended, as ``head`` does.

    No OSError: Click ends at a broken pipe with 1, which says that something was found.
    """


def styled(text: str, what: str) -> str:
    """A text with a style (`_STYLES`), for `say`."""
    return f"{_MARKS[what]}{text}{_END}" if what in _MARKS else text


def say(text: str = "", *, error: bool = False) -> None:
    """Write lines for people: to standard output, or to standard error.

    Every character that could steer a terminal is shown as an escape; styles by `styled` show
    where the stream is a terminal that wants colours. OutputError where standard output takes
    no more; nobody is left to read about a standard error that fails.
    """
    stream = sys.stderr if error else sys.stdout
    coloured = _wants_colour(stream)
    lines = "\n".join(_escaped(line, coloured=coloured) for line in text.split("\n")) + "\n"
    try:
        _write(stream, _encoded(lines, stream))
    except OutputError:
        if not error:
            raise


def say_document(text: str, *, exact: bool = False) -> None:
    """Write a document for machines to standard output, as UTF-8 whatever the terminal's
    encoding; its writer escapes what it holds. OutputError as of `say`.

    Tokens are left out unless it must be ``exact``, as a patch that is to apply.
    """
    shown = text if exact else without_tokens(text)
    _write(sys.stdout, shown.encode("utf-8", "backslashreplace"))


def unwritten(error: OSError) -> OutputError:
    """The sentence for output that the system does not take."""
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return OutputError(f"The output cannot be written: {why}.", "Make room, or write elsewhere.")


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether each is open, and a terminal; Python has None for one that was closed (``2>&-``)."""
    return all(each is not None and not each.closed and each.isatty() for each in streams)


class _PrintedLog(logging.Handler):
    """Prints log records to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        say(self.format(record), error=True)


# Others, as SQLAlchemy, would print the rows that they write.
_LOGGED = ("audits", "github", "urllib3")


def show_log(level: str) -> None:
    """Print log records of this program, and of its requests, from a level on."""
    handler = _PrintedLog()
    handler.setFormatter(RedactedFormatter("%(levelname)s %(name)s: %(message)s"))
    for name in _LOGGED:
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).handlers = [handler]


def leave_broken_pipe() -> None:
    """End quietly where the reader is gone: what Python still holds has nowhere to go."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - kept to the end
    sys.exit(BROKEN_PIPE)


def leave_unwritten(error: AuditError) -> None:
    """End with the sentence of an OutputError."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - kept to the end
    say(f"error: {error.message}\nadvice: {error.advice}", error=True)
    sys.exit(CANNOT_READ)


def _escaped(line: str, *, coloured: bool) -> str:
    parts = _MARKED.split(line)
    return "".join(_mark(p, coloured) if _MARKED.fullmatch(p) else printable(p) for p in parts)


def _mark(mark: str, coloured: bool) -> str:
    if not coloured:
        return ""
    return f"\x1b[{_STYLES[_NAMES[mark]] if mark in _NAMES else '0'}m"


def _wants_colour(stream: TextIO | None) -> bool:
    """Whether a stream shows colours (https://no-color.org, https://force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _encoded(text: str, stream: TextIO | None) -> bytes:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace")


def _write(stream: TextIO | None, data: bytes) -> None:
    """Write bytes whole, now: what is left for Python's end would fail without a sentence."""
    if stream is None or stream.closed:
        raise OutputError("The output is closed.", "Open it, or write into a file.")
    try:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:  # a test's, or an embedding program's own stream
            stream.write(data.decode(getattr(stream, "encoding", None) or "utf-8"))
        else:
            stream.flush()
            buffer.write(data)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError("Nobody reads the output.", "") from error
    except OSError as error:
        raise unwritten(error) from error
