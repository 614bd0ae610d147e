"""``release-audit check``: one checkout, offline, in well under a second."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from audits import __version__
from audits.cli.exits import CLEAN, FINDINGS, UsageError
from audits.cli.options import (
    AllOption,
    FailOn,
    Format,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    WaiversOption,
)
from audits.model.outcome import Severity
from audits.model.score import Audit
from audits.model.source import Snapshot

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
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="The checkout.")] = Path(),
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="End with 1 from this severity on.")] = FailOn.MEDIUM,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    waivers: WaiversOption = None,
    index_url: IndexOption = "",
    online: Annotated[bool, typer.Option("--online", help="Ask the package index too.")] = False,
    offline: OfflineOption = False,
) -> None:  # fmt: skip
    """Audit one checkout and print its score, findings and the lesson's checklist."""
    from audits.cli.plan import index_facts, load_waivers, make_plan
    from audits.run import audit_batch

    loaded = load_waivers(waivers, date.today())
    for problem in loaded.problems:
        typer.echo(f"warning: {waivers}, {problem.detail}", err=True)
    plan = make_plan(
        index_url=index_url,
        waivers=loaded,
        engine=not no_engine,
        everything=everything,
        facts=index_facts(index_url, offline=offline or not online),
    )
    audit = audit_batch((_snapshot(path),), plan)[0]
    typer.echo(_printers()[form](audit), nl=False)
    raise typer.Exit(_exit_code(audit, fail_on))


def _snapshot(path: Path) -> Snapshot:
    from audits.collect.folder import is_repository, read_folder
    from audits.collect.origin import origin_of

    if not path.is_dir():
        raise UsageError(f"{path} is not a folder.", "Give the root of a checkout.")
    if not is_repository(path):
        raise UsageError(
            f"{path} is no repository: it has no .git, .github or package metadata.",
            "Give the root of a checkout, or use 'release-audit scan --folder' for a folder of them.",
        )
    return read_folder(path, origin_of(path))


def _exit_code(audit: Audit, fail_on: FailOn) -> int:
    from audits.audit import open_findings

    if fail_on is FailOn.NEVER:
        return CLEAN
    least = Severity[fail_on.name]
    return FINDINGS if any(f.severity >= least for f in open_findings(audit)) else CLEAN


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
