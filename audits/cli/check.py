"""``release-audit check``: one checkout, offline, in well under a second."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from audits import __version__
from audits.cli.exits import UsageError, end_code
from audits.cli.github import ApiUrlOption, TokenFileOption, connect, is_slug
from audits.cli.options import (
    AllOption,
    AllowGapsOption,
    FailOn,
    Format,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    RegistryOption,
    WaiversOption,
)

if TYPE_CHECKING:
    from audits.collect.github import Connection
    from audits.model.score import Audit
    from audits.model.source import RepositoryRef, Snapshot
    from audits.run import Plan

_COLOURS: dict[str, dict[str, Any]] = {
    "critical": {"fg": "red", "bold": True},
    "high": {"fg": "red"},
    "medium": {"fg": "yellow"},
    "low": {"fg": "blue"},
    "info": {"dim": True},
    "strong": {"bold": True},
    "dim": {"dim": True},
}


def check(
    path: Annotated[Path, typer.Argument(metavar="[PATH | OWNER/REPO]", help="The checkout, or a repository on GitHub.")] = Path(),
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="End with 1 from this severity on.")] = FailOn.MEDIUM,
    allow_gaps: AllowGapsOption = False,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    waivers: WaiversOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
    online: Annotated[bool, typer.Option("--online", help="Ask the package index too.")] = False,
    offline: OfflineOption = False,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The web host of OWNER/REPO; default: the API's.")] = "",
) -> None:  # fmt: skip
    """Audit one repository and print its score, findings and the lesson's checklist.

    A checkout is read offline unless --online; a repository on GitHub is asked of GitHub and
    the package index.
    """
    from audits.cli.plan import index_facts, make_plan
    from audits.cli.waivers import load_waivers
    from audits.run import audit_batch

    remote = _remote(path, offline)
    silent = not remote and (offline or not online)
    plan = make_plan(
        index_url=index_url, waivers=load_waivers(waivers), engine=not no_engine,
        everything=everything,
        facts=index_facts(
            index_url, offline=silent, registries=registry, clones=lambda: [(_ref(path), path)]
        ),
    )  # fmt: skip
    if remote:
        audit = _audit_remote(remote, plan, connect(token_file, api_url, host=host))
    else:
        audit = audit_batch((_snapshot(path),), plan)[0]
    typer.echo(_printers()[form](audit), nl=False)
    raise typer.Exit(_exit_code(audit, fail_on, allow_gaps))


def _remote(path: Path, offline: bool) -> str:
    """``owner/name`` where that is what was given and no folder; "" otherwise."""
    slug = path.as_posix()
    if path.exists() or not is_slug(slug):
        return ""
    if offline:
        raise UsageError(
            f"There is no folder {slug}, and GitHub is not asked offline.", "Leave --offline out."
        )
    return slug


def _audit_remote(slug: str, plan: Plan, connection: Connection) -> Audit:
    """The audit of a repository on GitHub; CollectError where nothing of it can be read."""
    from audits.collect.errors import CollectError
    from audits.collect.github import GitHubCollector, Request
    from audits.github_facts import GitHubFacts
    from audits.run import audit_batch

    request = Request(owner=slug.partition("/")[0], names=(slug,))
    collector = GitHubCollector(request, connection)
    snapshot = next(collector.snapshots())
    if snapshot.gaps and not snapshot.commit and not snapshot.files:
        raise CollectError(f"{slug} cannot be read: {snapshot.gaps[0].detail}", "")
    facts = GitHubFacts(reader=collector, others=plan.facts)
    return audit_batch((snapshot,), replace(plan, facts=facts))[0]


def _snapshot(path: Path) -> Snapshot:
    from audits.collect.folder import is_repository, read_folder

    if not path.is_dir():
        raise UsageError(f"{path} is not a folder.", "Give the root of a checkout.")
    if not is_repository(path):
        raise UsageError(
            f"{path} is no repository: it has no .git, .github or package metadata.",
            "Give the root of a checkout, or use 'release-audit scan --folder' for a folder of them.",
        )
    return read_folder(path, _ref(path))


def _ref(path: Path) -> RepositoryRef:
    from audits.collect.origin import origin_of

    return origin_of(path)


def _exit_code(audit: Audit, fail_on: FailOn, allow_gaps: bool) -> int:
    from audits.audit import is_crashed, open_findings
    from audits.model.outcome import Severity

    unread = not allow_gaps and any(not gap.optional for gap in audit.repository.gaps)
    findings = False
    if fail_on is not FailOn.NEVER:
        least = Severity[fail_on.name]
        findings = any(found.severity >= least for found in open_findings(audit))
    return end_code(crashed=is_crashed(audit), unread=unread, findings=findings)


def _printers() -> dict[Format, Callable[[Audit], str]]:
    return {
        Format.TEXT: _text,
        Format.JSON: _json,
        Format.SARIF: _sarif,
        Format.MARKDOWN: _markdown,
    }


def _text(audit: Audit) -> str:
    from audits.report.text import plain, text_report

    style = _coloured if sys.stdout.isatty() else plain
    return "\n".join(text_report(audit, style)) + "\n"


def _coloured(text: str, what: str) -> str:
    return typer.style(text, **_COLOURS.get(what, {}))


def _json(audit: Audit) -> str:
    from audits.report.json import audit_document

    return json.dumps(audit_document(audit, __version__), indent=2, ensure_ascii=False) + "\n"


def _sarif(audit: Audit) -> str:
    from audits.check import all_checks
    from audits.report.sarif import sarif

    checks = {check.id: check for check in all_checks()}
    return json.dumps(sarif(audit, checks, __version__), indent=2, ensure_ascii=False) + "\n"


def _markdown(audit: Audit) -> str:
    from audits.report.markdown import markdown_report

    return markdown_report(audit)
