"""``release-audit dashboard``: checks the login, then starts the dashboard's server."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Optional

import msgspec
import typer
from msgspec import Struct

from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, GroupsOption, IndexOption
from audits.cli.output import say
from audits.login import (
    Login,
    LoginError,
    is_loopback,
    missing_packages,
    read_login,
    secrets_file,
)
from audits.model.errors import AuditError

PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")]
HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
AllowOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--allow-host", metavar="NAME", help="A host name that viewers type, behind a proxy."
    ),
]
SecretsOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--secrets",
        metavar="FILE",
        envvar="RELEASE_AUDIT_SECRETS",
        show_envvar=True,
        help="The login's configuration; default: .streamlit/secrets.toml here, then in your home.",
    ),
]
WaiversOption = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--waivers",
        metavar="FILE",
        envvar="RELEASE_AUDIT_WAIVERS",
        show_envvar=True,
        help="The waiver file, to show what expires and what accepts nothing.",
    ),
]
BrowserOption = Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")]

_NAME = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*\.?", re.IGNORECASE)


class Serving(Struct, frozen=True, kw_only=True):
    """How the dashboard is served. ``names`` are further host names that people type."""

    database: str | None = None
    port: int = 8501
    host: str = "127.0.0.1"
    browser: bool = True
    index_url: str = ""
    names: tuple[str, ...] = ()
    secrets: str | None = None
    groups: Path | None = None
    waivers: Path | None = None


def dashboard(
    database: DatabaseOption = None,
    port: PortOption = 8501,
    host: HostOption = "127.0.0.1",
    browser: BrowserOption = True,
    allow_host: AllowOption = None,
    secrets: SecretsOption = None,
    index_url: IndexOption = "",
    groups: GroupsOption = None,
    waivers: WaiversOption = None,
) -> None:
    """Open the dashboard in a browser; Ctrl-C stops it."""
    serve(
        Serving(
            database=database,
            port=port,
            host=host,
            browser=browser,
            index_url=index_url,
            names=tuple(allow_host or ()),
            secrets=secrets,
            groups=groups,
            waivers=waivers,
        )
    )


_OF_GITHUB = re.compile(r"(?:RELEASE_AUDIT|GITHUB|GH)(?:_\w+)?_TOKEN|RELEASE_AUDIT_APP_\w+")
"""Variables with credentials of GitHub, which the server has no use for."""


def serve(serving: Serving) -> None:
    """Become the dashboard's server, which ends with the signals that reach this process.

    Errors as of `check_serving`.
    """
    from audits.store.open import absolute_address

    file, login = check_serving(serving)
    if login and not is_loopback(login.host) and login.host not in {*serving.names, serving.host}:
        say(
            f"note: redirect_uri leads people to {login.host}, which is not answered without "
            f"--allow-host {login.host}.",
            error=True,
        )
    environment = {k: v for k, v in os.environ.items() if _OF_GITHUB.fullmatch(k) is None}
    for name, value in {
        "RELEASE_AUDIT_DATABASE": absolute_address(serving.database),
        "RELEASE_AUDIT_INDEX_URL": serving.index_url,
        "RELEASE_AUDIT_SECRETS": str(file) if login else "",
        "RELEASE_AUDIT_GROUPS": str(serving.groups.absolute()) if serving.groups else "",
        "RELEASE_AUDIT_WAIVERS": str(serving.waivers.absolute()) if serving.waivers else "",
    }.items():
        environment.pop(name, None)
        if value:
            environment[name] = value
    _become(command(serving, secrets=file, login=login), environment, _root())


def check_serving(serving: Serving) -> tuple[Path, Login | None]:
    """The file where a login is, or would be, configured, and that login.

    UsageError or LoginError where others could reach the dashboard without a working login;
    AuditError where the port cannot be had.
    """
    home = _home()
    file = secrets_file(serving.secrets, Path.cwd(), home)
    login = _checked_login(serving, file)
    _check_port(serving)
    # Where no file is, Streamlit looks at the first place, and nowhere else.
    return file or Path.cwd() / ".streamlit" / "secrets.toml", login


def command(serving: Serving, *, secrets: Path, login: Login | None) -> list[str]:
    """The command line of the server; neither a database's address nor a secret is in it.

    Only pages asked for under these host names, or this machine's own, can talk to it: other
    names that lead here are how a foreign page would read it (DNS rebinding).
    """
    typed = login.host if login else "localhost"
    options = {
        "browser.serverAddress": typed,
        "secrets.files": [str(secrets)],
        "server.address": serving.host,
        "server.allowedHosts": sorted(
            {"localhost", "127.0.0.1", "::1", serving.host, *serving.names}
        ),
        "server.headless": not serving.browser,
        "server.port": serving.port,
    }
    return [sys.executable, "-m", "dashboard", msgspec.json.encode(options).decode()]


def _root() -> Path:
    """The folder that holds the dashboard's package, wherever it is installed."""
    spec = find_spec("dashboard")
    if spec is None or spec.origin is None:
        raise UsageError("The dashboard is not installed.", "Install release-audit again.")
    return Path(spec.origin).parent.parent


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _checked_login(serving: Serving, file: Path | None) -> Login | None:
    """The login, None where only this machine is served."""
    _check_names(serving)
    login = read_login([file], required=serving.secrets is not None) if file else None
    if login is None:
        _refuse_without_login(serving)
        return None
    missing = missing_packages()
    if missing:
        raise LoginError(
            f"{file} configures a login, which needs {' and '.join(missing)}.",
            "Install release-audit[auth].",
        )
    return login


def _check_names(serving: Serving) -> None:
    if not serving.host.strip():
        raise UsageError("--host is empty.", "Write an address such as 127.0.0.1.")
    for name in serving.names:
        if not (_NAME.fullmatch(name) or is_loopback(name)):
            raise UsageError(
                f"--allow-host {name!r} is no host name.",
                "Write the name that viewers type, without a scheme, port or wildcard.",
            )


def _refuse_without_login(serving: Serving) -> None:
    others = [name for name in (serving.host, *serving.names) if not is_loopback(name)]
    if others:
        raise UsageError(
            f"The dashboard has no login, so it is not opened to others at {others[0]}.",
            "Configure [auth] and [access] in .streamlit/secrets.toml as README shows under "
            "“Serving a team”, or leave --host and --allow-host out.",
        )


def _check_port(serving: Serving) -> None:
    """Bind what the server will bind, and leave it again."""
    where = f"Port {serving.port} of {serving.host}"
    try:
        found = socket.getaddrinfo(serving.host, serving.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as tried:
            if os.name != "nt":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            advice = "Stop the other program, or choose another port with --port."
            raise AuditError(f"{where} is in use already.", advice) from error
        if error.errno == errno.EACCES:
            advice = "Choose a port from 1024 on with --port."
            raise AuditError(f"{where} is not open to you.", advice) from error
        advice = "Name an address of this machine with --host, or leave it out."
        raise AuditError(f"{where} cannot be listened on: {error.strerror}.", advice) from error


def _become(words: list[str], environment: dict[str, str], folder: Path) -> None:
    """Run the server in place of this process, so that no signal can miss it; where there is
    no such thing (Windows), as a child that is ended with this process.

    In the package's own folder, as Python imports from there first.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    _open_streams()
    if sys.platform == "win32":
        with subprocess.Popen(words, env=environment, cwd=folder) as process:  # noqa: S603 - our own
            try:
                raise typer.Exit(process.wait())
            except KeyboardInterrupt:
                raise typer.Exit(0) from None
            finally:
                process.terminate()
    else:
        os.chdir(folder)
        os.execve(words[0], words, environment)  # noqa: S606 - our own module and options


def _open_streams() -> None:
    """Have the null device stand for streams that are closed (``>&-``): else a socket of the
    server would take their numbers, and what libraries print would be sent there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(opened, True)
