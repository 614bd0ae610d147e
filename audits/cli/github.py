"""Options and steps that the commands for GitHub share: credential, connection, results."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audits.cli.exits import FaultError, UsageError
from audits.faults import log_fault
from audits.model.errors import AuditError

if TYPE_CHECKING:
    from audits.collect.github.collector import Connection
    from audits.model.source import RepositoryRef
    from audits.pipeline.github_scan import GitHubScan, GitHubScanned
    from audits.pipeline.incremental import Judge
    from audits.pipeline.run import Plan
    from audits.store.store import Store
    from audits.suppressions.waivers import Waivers

TokenFileOption = Annotated[
    Optional[list[Path]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="File with a token, or with several, one a line, as TOKEN or OWNER TOKEN; may be given more than once. Default: RELEASE_AUDIT_TOKEN, GITHUB_TOKEN or GH_TOKEN, or a GitHub App's RELEASE_AUDIT_APP_ID and RELEASE_AUDIT_APP_KEY_FILE.",
    ),
]
ApiUrlOption = Annotated[
    str,
    typer.Option(
        "--api-url",
        metavar="URL",
        help="API of a GitHub Enterprise Server.",
        envvar=["RELEASE_AUDIT_API_URL", "GITHUB_API_URL"],
        show_envvar=True,
    ),
]
MaxPointsOption = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--max-points", min=1, help="GraphQL points that one owner's scan may cost."),
]

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,99})(?:_[A-Za-z0-9]+)?")
_SLUG = re.compile(rf"{_LOGIN.pattern}/(?!\.{{1,2}}$)[\w.-]{{1,100}}", re.ASCII)
_MOST_BYTES = 16 * 1024 * 1024


def is_login(text: str) -> bool:
    """Whether it can be the name of an account on GitHub."""
    return _LOGIN.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Whether it can be ``owner/name`` of a repository on GitHub."""
    return _SLUG.fullmatch(text) is not None


def connect(
    token_files: Sequence[Path] | None,
    api_url: str,
    *,
    host: str = "",
    max_points: int | None = None,
    on_wait: Callable[[float, str], None] | None = None,
) -> Connection:
    """How GitHub is reached with the credential of the environment, or with those of files."""
    from audits.collect.github.address import DEFAULT_API
    from audits.collect.github.auth import find_credentials
    from audits.collect.github.collector import Connection
    from audits.collect.github.rate_limits import Limits

    first, *others = find_credentials(os.environ, token_files=token_files or ())
    return Connection(
        credential=first,
        others=tuple(others),
        api_url=api_url or DEFAULT_API,
        host=host,
        limits=Limits(max_points=max_points),
        on_wait=on_wait,
    )


def read_list(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ``owner/name`` of a file's lines, each once, and a sentence for each line that is
    none. Empty lines and what follows ``#`` are passed over; UsageError where nothing is left.
    """
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read as a list of repositories.", "Give a text file in UTF-8."
        ) from error
    names: dict[str, str] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip()
        if is_slug(name):
            names.setdefault(name.lower(), name)
        elif name:
            problems.append(
                f"{path}, line {number}: {name[:80]!r} is no owner/name; correct the line"
            )
    if not names:
        raise UsageError(f"{path} names no repository.", "Write one owner/name on each line.")
    return tuple(names.values()), tuple(problems)


def run_scans(
    scan: GitHubScan,
    owners: tuple[str, ...],
    names: tuple[str, ...],
    done: Callable[[str], None],
    failed: Callable[[str, AuditError], None],
) -> tuple[GitHubScanned, ...]:
    """Scan owners one by one, then the list; an owner that cannot be read costs no other, and
    ``failed`` gets its name and the error.
    """

    def note(ref: RepositoryRef) -> None:
        done(str(ref))

    scans = [(owner, partial(scan.owner, owner, note, note)) for owner in owners]
    if names:
        scans.append(("the list", partial(scan.listed, names, note, note)))
    found = (_apart(what, begin, failed) for what, begin in scans)
    return tuple(scanned for scanned in found if scanned is not None)


def _apart(
    what: str, scan: Callable[[], GitHubScanned], failed: Callable[[str, AuditError], None]
) -> GitHubScanned | None:
    """The result of a scan; None, and ``failed`` gets the error, where it cannot continue."""
    try:
        return scan()
    except AuditError as error:
        failed(what, error)
    except Exception as error:
        place = log_fault(error, f"scanning {what}")
        said = f"release-audit failed while scanning {what} ({type(error).__name__}): {place}."
        failed(what, FaultError(said, "Please report it; what was recorded is kept."))
    return None


def make_scan(
    store: Store,
    plan: Plan,
    connection: Connection,
    waivers: Waivers,
    *,
    archived: bool,
    forks: bool,
    resume: bool,
    expect: Callable[[str, int], None],
    judge: Judge | None = None,
) -> GitHubScan:
    """The scan that a command line asks for."""
    from audits.collect.github.collector import Choice
    from audits.engines.zizmor import Zizmor
    from audits.pipeline.github_scan import GitHubScan, marks_of

    engine = f"zizmor {plan.engine.version()}" if isinstance(plan.engine, Zizmor) else ""
    return GitHubScan(
        store=store,
        plan=plan,
        connection=connection,
        resume=resume,
        choice=Choice(archived=archived, forks=forks),
        marks=marks_of(waivers, engine),
        expect=expect,
        judge=judge,
    )
