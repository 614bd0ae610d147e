"""Isolates faults of this program: each is logged and costs only one repository."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from audits.model.errors import AuditError
from audits.model.redaction import masked
from audits.model.source import Gap, GapReason
from audits.model.storable import storable

if TYPE_CHECKING:
    from io import TextIOWrapper

T = TypeVar("T")
R = TypeVar("R")

_MOST_BYTES = 1024 * 1024
"""Of one log file; the one before it is kept, so that a log takes twice as much at most."""
_MOST_LINES = 400
_LONGEST_LINE = 1000
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_path() -> Path:
    """Where tracebacks are written."""
    # Slow to import for what most runs never need.
    from platformdirs import user_log_dir

    return Path(user_log_dir("release-audit", appauthor=False)) / "release-audit.log"


class RedactedFormatter(logging.Formatter):
    """A record as text without credentials, and of bounded length."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, redacted."""
        lines = super().format(record).splitlines()
        if len(lines) > _MOST_LINES:
            half = _MOST_LINES // 2
            lines = [*lines[:half], f"… {len(lines) - 2 * half} lines …", *lines[-half:]]
        return "\n".join(masked(storable(line[:_LONGEST_LINE])) for line in lines)


class FaultLog(logging.Handler):
    """Appends warnings and faults to the log file, which only its owner may read.

    The file is opened for each record, so that worker processes share it. A log that cannot
    be written costs nothing else: ``trouble`` says why.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(RedactedFormatter(_FORM))
        self.trouble = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            with _opened(log_path()) as stream:
                stream.write(self.format(record) + "\n")
            self.trouble = ""
        except OSError as error:
            self.trouble = error.strerror or type(error).__name__
        except RuntimeError:  # the home directory is not known
            self.trouble = "there is no home directory"


def _opened(path: Path) -> TextIOWrapper:
    """The log file, for appending; a full one becomes the one before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        path.replace(path.with_suffix(".log.1"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8", errors="backslashreplace")


@cache
def fault_log() -> FaultLog:
    """The log of this process."""
    return FaultLog()


def log_fault(error: BaseException, what: str) -> str:
    """Log an exception with its traceback; returns the words that say where it is."""
    log = fault_log()
    record = logging.LogRecord(
        "release-audit",
        logging.ERROR,
        __file__,
        0,
        what,
        None,
        (type(error), error, error.__traceback__),
    )
    log.handle(record)
    if log.trouble:
        return f"no log of it could be written to {log_path()} ({log.trouble})"
    return f"the traceback is in {log_path()}"


def crash_gap(error: BaseException, what: str, subject: str = "repository") -> Gap:
    """Log a fault of ours, and return the gap that it leaves; ``what`` was being done."""
    place = log_fault(error, what)
    detail = (
        f"release-audit failed while {what} ({type(error).__name__}): {place}; please report it"
    )
    return Gap(subject=subject, reason=GapReason.CRASHED, detail=detail)


def each_apart(
    items: Sequence[T],
    work: Callable[[Sequence[T]], Sequence[R]],
    failed: Callable[[T, Exception], R],
) -> list[R]:
    """What ``work`` makes of all items together, in their order.

    Where that raises, halves are tried, down to the items that raise alone: these become what
    ``failed`` makes of them. An `AuditError` is no fault of ours and ends all of it.
    """
    if not items:
        return []
    try:
        return list(work(items))
    except AuditError:
        raise
    except Exception as error:
        if len(items) == 1:
            return [failed(items[0], error)]
    middle = len(items) // 2
    return [
        *each_apart(items[:middle], work, failed),
        *each_apart(items[middle:], work, failed),
    ]
