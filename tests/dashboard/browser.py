"""A dashboard process and a Chromium, for the browser test and for screenshots."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import dashboard

ROOT = Path(dashboard.__file__).parent
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
VIEWS = {
    "overview": "Overview", "trends": "Trends", "repositories": "Repositories",
    "repository": "Repository", "findings": "Findings", "actions": "Actions",
    "publishers": "Publishers", "coverage": "Coverage", "method": "Method",
    "self-check": "Self-check", "reports": "Reports",
}  # fmt: skip


def chromium() -> str:
    """The browser of this machine, "" where there is none."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )


def path_of(view: str) -> str:
    """The path of a view; the overview is the root."""
    return "/" if view == "overview" else f"/{view}"


@contextmanager
def served(database: str, folder: Path, **environment: str) -> Iterator[str]:
    """The dashboard of a database over loopback; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / f"dashboard-{port}.log"
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "server.py"),
               f"--server.port={port}", "--server.headless=true"]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT.parent,
            env={**os.environ, "RELEASE_AUDIT_DATABASE": database, **environment},
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=15)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(address, timeout=2) as answer:  # noqa: S310 - loopback, set above
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start:\n{log.read_text()}")
