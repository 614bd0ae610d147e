"""Options that several commands share, declared once with their help."""

from __future__ import annotations

import os
import shlex
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

DatabaseOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--database",
        metavar="URL",
        help="The store: path of an SQLite file, or postgresql://user@host/name; default: SQLite in your data directory.",
        envvar="RELEASE_AUDIT_DATABASE",
        show_envvar=True,
    ),
]
IndexOption = Annotated[
    str,
    typer.Option(
        "--index-url",
        metavar="URL",
        help="Simple index to use in place of PyPI.",
        envvar="RELEASE_AUDIT_INDEX_URL",
        show_envvar=True,
    ),
]
RegistryOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--registry",
        metavar="NAME=URL",
        help="Address of another registry, npm or crates, as in npm=https://registry.npm.example; for container images by their host, as in ghcr.io=https://mirror.example; repeat it, or in the variable write several with spaces between.",
        envvar="RELEASE_AUDIT_REGISTRIES",
        show_envvar=True,
    ),
]
WaiversOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--waivers", metavar="FILE", help="TOML file of reviewed waivers."),
]
GroupsOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--groups",
        metavar="FILE",
        envvar="RELEASE_AUDIT_GROUPS",
        show_envvar=True,
        help="The file that groups repositories and names whom to ask about them.",
    ),
]
ConfigOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file of your organization's own uploaders.",
        envvar="RELEASE_AUDIT_CONFIG",
        show_envvar=True,
    ),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Use no network: no index, no GitHub.")
]
NoEngineOption = Annotated[bool, typer.Option("--no-engine", help="Leave zizmor's rules out.")]
AllowGapsOption = Annotated[
    bool,
    typer.Option(
        "--allow-gaps", help="Do not end with 3 where something asked for could not be read."
    ),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "--all", help="Look at every workflow, not only at releases; scores stay those of releases."
    ),
]

AsOfOption = Annotated[
    Optional[datetime],  # noqa: UP045
    typer.Option(
        "--as-of",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="The day whose rules of GitHub and of the registries count, as in 2026-12-02; default: today.",
    ),
]

OnlineOption = Annotated[bool, typer.Option("--online", help="Ask the package index too.")]
TargetHostOption = Annotated[
    str,
    typer.Option("--host", metavar="HOST", help="The web host of OWNER/REPO; default: the API's."),
]
TargetsArgument = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(
        metavar="[PATH | OWNER/REPO | -]...",
        help="Checkouts or folders inside them, workflow files, - for standard input, or repositories on GitHub by name or address; default: this folder.",
    ),
]


def day_of(as_of: datetime | None) -> date:
    """The day that an audit stands for."""
    return as_of.date() if as_of else date.today()


class Format(StrEnum):
    """How `check` prints."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    MARKDOWN = "markdown"


class FailOn(StrEnum):
    """The least severity that makes `check` end with 1."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
FailOnOption = Annotated[
    FailOn,
    typer.Option("--fail-on", help="End with 1 where something of this severity or above is open."),
]


def database_words(database: str | None) -> str:
    """What the next command needs to open the same store; a password is never part of it."""
    if not database or os.environ.get("RELEASE_AUDIT_DATABASE") == database:
        return ""
    server = "://" in database and not database.lower().startswith("sqlite")
    return f" --database {'URL' if server or '=' in database else shlex.quote(database)}"
