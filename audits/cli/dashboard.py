"""``release-audit dashboard``: starts Streamlit as a process of its own, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Optional

import typer

from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, IndexOption

PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")]
HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
AllowOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--allow-host", metavar="NAME", help="A host name that viewers type, behind a proxy."
    ),
]
BrowserOption = Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")]


def dashboard(
    database: DatabaseOption = None,
    port: PortOption = 8501,
    host: HostOption = "127.0.0.1",
    browser: BrowserOption = True,
    allow_host: AllowOption = None,
    index_url: IndexOption = "",
) -> None:
    """Open the dashboard in a browser; Ctrl-C stops it."""
    names = tuple(allow_host or ())
    raise typer.Exit(
        serve(database, port=port, host=host, browser=browser, index_url=index_url, names=names)
    )


def script() -> Path:
    """The dashboard's entry point, wherever it is installed: the app with security headers."""
    spec = find_spec("dashboard")
    if spec is None or spec.origin is None:
        raise UsageError("The dashboard is not installed.", "Install release-audit again.")
    return Path(spec.origin).parent / "server.py"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    database: str | None,
    *,
    port: int,
    host: str,
    browser: bool,
    index_url: str = "",
    names: tuple[str, ...] = (),
) -> int:
    """Run the dashboard until it is stopped and return its exit code."""
    entry = script()
    if not is_loopback(host) and not _has_login(entry.parent.parent):
        raise UsageError(
            f"The dashboard has no login, so it is not opened to others on {host}.",
            "Configure [auth] in .streamlit/secrets.toml as README shows, or leave --host out.",
        )
    environment = dict(os.environ)
    if database:
        environment["RELEASE_AUDIT_DATABASE"] = database
    if index_url:
        environment["RELEASE_AUDIT_INDEX_URL"] = index_url
    typer.echo(f"The dashboard listens on http://{host}:{port}; Ctrl-C stops it.")
    process = subprocess.Popen(  # noqa: S603 - our own script and options
        command(entry, port=port, host=host, browser=browser, names=names),
        env=environment,
        cwd=entry.parent.parent,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(timeout=15)
        return 0


def command(
    entry: Path, *, port: int, host: str, browser: bool, names: tuple[str, ...] = ()
) -> list[str]:
    """The command line of the dashboard's process; no address of a database is in it.

    Only pages asked for under ``names``, or this machine's own, can talk to it: other names
    that lead here are how a foreign page would read it (DNS rebinding).
    """
    known = {"localhost", "127.0.0.1", host, *names}
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",
        "browser.serverAddress": "localhost" if is_loopback(host) else host,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "client.disableDataExport": "true",
        "runner.magicEnabled": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    hosts = [f"--server.allowedHosts={name}" for name in sorted(known)]
    return [sys.executable, "-m", "streamlit", "run", str(entry), *flags, *hosts]


def _has_login(root: Path) -> bool:
    """Whether a login is configured where Streamlit will look for it."""
    import rtoml

    for place in (
        Path.home() / ".streamlit",
        root / ".streamlit",
        root / "dashboard" / ".streamlit",
    ):
        try:
            secrets = rtoml.loads((place / "secrets.toml").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if secrets.get("auth"):
            return True
    return False
