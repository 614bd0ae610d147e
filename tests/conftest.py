"""What holds for all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Let tests, and the programs they start, be interrupted: a shell has what it runs in the
    background ignore that, and some tests interrupt and would wait forever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The log of faults goes to a folder of the tests' own, not to that of who runs them."""
    folder = tmp_path_factory.mktemp("state")
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder)
    yield folder / "release-audit" / "log" / "release-audit.log"
    del os.environ["XDG_STATE_HOME"]
    if before is not None:
        os.environ["XDG_STATE_HOME"] = before
