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
from tests.patience import PATIENCE

ROOT = Path(dashboard.__file__).parent
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIEWS = {
    "home": "Home",
    "trends": "Trends",
    "repositories": "Repositories",
    "repository": "Repository",
    "findings": "Findings",
    "incident": "Incident",
    "waivers": "Waivers",
    "packages": "Packages",
    "coverage": "Coverage",
    "method": "Method",
    "self-check": "Self-check",
    "reports": "Reports",
}


def chromium() -> str:
    """The browser of this machine, "" where there is none."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )


def path_of(view: str) -> str:
    """The path of a view; Home is the root."""
    return "/" if view == "home" else f"/{view}"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    database: str, folder: Path, script: str = "server.py", **environment: str
) -> Iterator[str]:
    """The dashboard of a database over loopback, as `streamlit run` starts it; its address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / script),
        f"--server.port={port}",
        "--server.headless=true",
    ]
    own = {"RELEASE_AUDIT_DATABASE": database, **environment}
    with _running(command, folder, ROOT.parent, own, port) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@contextmanager
def commanded(
    *words: str, folder: Path, port: int, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`release-audit` with these words, started in a folder, once it serves the dashboard."""
    command = [
        sys.executable,
        "-c",
        "from audits.cli import main; main()",
        *words,
        f"--port={port}",
    ]
    own = {"PYTHONPATH": str(ROOT.parent), "HOME": str(folder), **environment}
    with _running(command, folder, folder, own, port) as process:
        yield process
        process.terminate()


@contextmanager
def _running(
    command: list[str], folder: Path, cwd: Path, environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / f"dashboard-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **environment},
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield process
            process.wait(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait(timeout=PATIENCE)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - loopback, set above
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start:\n{log.read_text()}")
