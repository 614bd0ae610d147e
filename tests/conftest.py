"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A limit on time is one on the machine, and on what else runs there.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Keep what Python compiles, also where containers are set up not to: every test module and every
# program that a test starts would be compiled anew, which takes longer than running most of them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


LONGEST = (
    "tests/test_project.py::test_types",
    "tests/dashboard/test_browser.py",
    "tests/store/test_kills.py",
    "tests/dashboard/test_sign_in.py",
)
"""What takes longest, and starts first: at the end it would leave all processors but one idle."""


def pytest_configure() -> None:
    """Let tests, and the programs they start, be interrupted: a shell has what it runs in the
    background ignore that, and ``nohup`` a closed terminal; some tests would wait forever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One worker more than processors: some tests wait for what they start, and do not compute."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    allowed = getattr(os, "sched_getaffinity", None)  # which not every system has
    return (len(allowed(0)) if allowed else os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest; a worker that has nothing left takes from the ends of the others."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while the tests are collected, which stay. Leave them and their modules
    out of every later search for garbage, which Streamlit starts after each run of a page, and
    make such searches as rare as most of the programs under test do.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


@pytest.fixture(autouse=True)
def _own_main_module() -> Iterator[None]:
    """Streamlit's tests of pages leave the page as ``__main__``, and every process that
    multiprocessing starts later would run that page.
    """
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


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
