"""Ends a command on SIGTERM and SIGHUP as on Ctrl-C: cleanly, keeping what was recorded."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from msgspec import Struct

_ENDING = tuple(
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    if (number := getattr(signal, name, None)) is not None
)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C by any signal, so that whatever ends in order for the one does for the others."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Shield(Struct):
    """How many `uninterrupted` parts the main thread is in, and the signal that waits for their
    end, 0 if none.
    """

    depth: int = 0
    waiting: int = 0


_shield = _Shield()


def exit_status(error: KeyboardInterrupt) -> int:
    """What a command ends with that a signal stopped: 128 and the signal's number, as shells
    report it of programs that die of one (130, 143, 129).
    """
    return 128 + (error.number if isinstance(error, Interrupted) else signal.SIGINT)


def interruption(error: BaseException) -> KeyboardInterrupt | None:
    """The interrupt that an exception is, or that it was made of: Click turns them into others."""
    if isinstance(error, KeyboardInterrupt):
        return error
    return error.__cause__ if isinstance(error.__cause__, KeyboardInterrupt) else None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Finish this part before a signal interrupts the process; a second Ctrl-C does not wait.

    An exception in the middle of a query leaves a database's driver in a state in which it
    fails with errors of its own, which would hide why the process ends.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    _shield.depth += 1
    try:
        yield
    finally:
        _shield.depth -= 1
        if _shield.waiting and not _shield.depth:
            number, _shield.waiting = _shield.waiting, 0
            raise Interrupted(number)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Have these signals interrupt this process, and no process that it starts.

    One that is ignored already, as SIGHUP is under nohup, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {n: handler for n in _ENDING if (handler := signal.getsignal(n)) in usual}
    own = os.getpid()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != own:
            _die(number)
        # A closing terminal sends several; what ends in order must not be interrupted again,
        # but by who is at the keyboard.
        for each in before.keys() - {signal.SIGINT}:
            signal.signal(each, signal.SIG_IGN)
        if _shield.depth and not _shield.waiting:
            _shield.waiting = number
            return
        _shield.waiting = 0
        raise Interrupted(number)

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die(number: int) -> NoReturn:
    """End a copy of the process as the signal ends any other."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)
