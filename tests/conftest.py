"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let tests, and the programs they start, be interrupted: a shell has what it runs in the
    background ignore that, and some tests interrupt and would wait forever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
