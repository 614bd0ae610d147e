"""``release-audit check``: audits checkouts, files or repositories, offline by default."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import typer
from msgspec import Struct
from msgspec.structs import replace

from audits import __version__
from audits.cli.exits import UsageError, end_code
from audits.cli.github import ApiUrlOption, TokenFileOption, connect
from audits.cli.options import (
    AllOption,
    AllowGapsOption,
    AsOfOption,
    ConfigOption,
    FailOn,
    FailOnOption,
    Format,
    FormatOption,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    OnlineOption,
    RegistryOption,
    TargetHostOption,
    TargetsArgument,
    WaiversOption,
    day_of,
)

if TYPE_CHECKING:
    from audits.cli.targets import CheckTarget
    from audits.collect.github.collector import Connection
    from audits.model.score import Audit
    from audits.model.source import RepositoryRef
    from audits.pipeline.run import Plan
    from audits.suppressions.waivers import Waivers
    from audits.workflow.uploaders.uploader import Uploader


def check(
    paths: TargetsArgument = None,
    form: FormatOption = Format.TEXT,
    fail_on: FailOnOption = FailOn.MEDIUM,
    allow_gaps: AllowGapsOption = False,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    waivers: WaiversOption = None,
    config: ConfigOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
    online: OnlineOption = False,
    offline: OfflineOption = False,
    as_of: AsOfOption = None,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    host: TargetHostOption = "",
) -> None:
    """Audit repositories and print their score, findings and the lesson's checklist.

    Local files are read offline unless --online is given; for a repository on GitHub, requests
    go to GitHub and the package index.
    """
    from audits.cli.configuration import load_uploaders
    from audits.cli.waivers import load_waivers, warn_of

    targets = find_targets(paths or ["."], form, online, offline, api_url, host)
    loaded = load_waivers(waivers)
    day, own = day_of(as_of), load_uploaders(config)
    named = tuple(registry or ())
    options = CheckOptions(index_url, named, not no_engine, everything, online, loaded, day, own)
    audits = [
        audit_target(target, options, lambda: connect(token_file, api_url, host=host))
        for target in targets
    ]
    _print(audits, form)
    for audit in audits:
        warn_of(waivers, loaded, audit)
    raise typer.Exit(exit_code_of(audits, fail_on, allow_gaps))


class CheckOptions(Struct, frozen=True):
    """How targets are audited; ``ask_github`` has GitHub resolve the actions of a folder."""

    index_url: str
    registries: tuple[str, ...]
    engine: bool
    everything: bool
    online: bool
    waivers: Waivers
    as_of: date
    uploaders: tuple[Uploader, ...] = ()
    ask_github: bool = False


def find_targets(
    words: list[str], form: Format, online: bool, offline: bool, api_url: str, host: str
) -> list[CheckTarget]:
    """What is to be checked; UsageError where options or words make no sense."""
    from audits.cli.targets import find_target
    from audits.collect.github.address import DEFAULT_API, api_address, web_host

    if online and offline:
        raise UsageError("--online and --offline exclude each other.", "Leave one out.")
    if form is Format.SARIF and len(words) > 1:
        raise UsageError(
            "A SARIF file is of one repository.", "Check them one by one, each into a file."
        )
    where = host or web_host(api_address(api_url or DEFAULT_API))
    return [find_target(word, host=where, offline=offline) for word in dict.fromkeys(words)]


def audit_target(
    target: CheckTarget, options: CheckOptions, connected: Callable[[], Connection]
) -> Audit:
    """The audit of one target."""
    return audit_with_plan(target, options, connected)[0]


def audit_with_plan(
    target: CheckTarget, options: CheckOptions, connected: Callable[[], Connection]
) -> tuple[Audit, Plan]:
    """The audit of one target, and the plan that it went by."""
    from audits.cli.targets import read_target
    from audits.pipeline.run import audit_batch

    plan = plan_for(target, options)
    if target.slug:
        return _audit_remote(target.slug, plan, connected())
    if options.ask_github and target.clone is not None:
        plan = _with_references(plan, target.clone[0], connected())
    return audit_batch((read_target(target),), plan)[0], plan


def plan_for(target: CheckTarget, options: CheckOptions) -> Plan:
    """The plan of one target's audit."""
    from audits.cli.plan import index_facts, make_plan

    clone = target.clone
    asks = bool(target.slug or options.online)
    plan = make_plan(
        index_url=options.index_url,
        waivers=options.waivers,
        engine=options.engine,
        everything=options.everything,
        as_of=options.as_of,
        uploaders=options.uploaders,
        facts=index_facts(
            options.index_url,
            offline=not asks,
            registries=options.registries,
            clones=None if clone is None else lambda: [clone],
        ),
    )
    if not asks:
        return plan
    from audits.cli.registry_options import read_image_registries
    from audits.collect.image_registries import ImageRegistries

    return replace(plan, images=ImageRegistries(read_image_registries(options.registries or ())))


def _with_references(plan: Plan, ref: RepositoryRef, connection: Connection) -> Plan:
    """The plan with GitHub asked what refs of actions are today, of a folder's repository."""
    from audits.collect.github.collector import Request
    from audits.collect.github.several_credentials import collector_of
    from audits.pipeline.github_evidence import ReferenceFacts

    if connection.credential.secret is None:
        from audits.cli.output import say

        say(
            "note: GitHub is not asked for pins without a token: set RELEASE_AUDIT_TOKEN.",
            error=True,
        )
        return plan
    # Actions are others': where no token is for this owner, any will do.
    owner = ref.owner if connection.reads(ref.owner) else ""
    collector = collector_of(Request(owner=owner), connection)
    facts = ReferenceFacts(reader=collector, others=plan.facts)
    return replace(plan, facts=facts, actions=collector)


def _audit_remote(slug: str, plan: Plan, connection: Connection) -> tuple[Audit, Plan]:
    """The audit of a repository on GitHub; CollectError where nothing of it can be read."""
    from audits.cli.targets import read_remote
    from audits.collect.github.collector import Request
    from audits.collect.github.several_credentials import collector_of
    from audits.pipeline.github_evidence import GitHubFacts
    from audits.pipeline.run import audit_batch

    request = Request(owner=slug.partition("/")[0], names=(slug,))
    collector = collector_of(request, connection)
    snapshot = read_remote(slug, collector)
    facts = GitHubFacts(reader=collector, others=plan.facts)
    asked = replace(plan, facts=facts, actions=collector)
    return audit_batch((snapshot,), asked)[0], asked


def exit_code_of(audits: Sequence[Audit], fail_on: FailOn, allow_gaps: bool, only: str = "") -> int:
    """The exit status for some audits; ``only`` is the one check whose findings count, "" for
    all.
    """
    from audits.model.outcome import Severity
    from audits.pipeline.audit import is_crashed, open_findings

    gaps = [gap for audit in audits for gap in audit.repository.gaps]
    findings = False
    if fail_on is not FailOn.NEVER:
        least = Severity[fail_on.name]
        found = [f for audit in audits for f in open_findings(audit) if only in {"", f.check}]
        findings = any(finding.severity >= least for finding in found)
    return end_code(
        crashed=any(map(is_crashed, audits)),
        findings=findings,
        unread=not allow_gaps and any(not gap.optional for gap in gaps),
    )


def _print(audits: Sequence[Audit], form: Format) -> None:
    from audits.cli.output import say, say_document, styled

    if form is Format.TEXT:
        from audits.report.text import text_report

        say("\n\n".join("\n".join(text_report(audit, styled)) for audit in audits))
    elif form is Format.JSON:
        say_document(_json(audits))
    elif form is Format.SARIF:
        say_document(_sarif(audits[0]))
    else:
        say_document("\n".join(map(_markdown, audits)))


def _json(audits: Sequence[Audit]) -> str:
    """One document, or a list of them where several were asked for."""
    from audits.report.json import audit_document

    documents = [audit_document(audit, __version__) for audit in audits]
    shown = documents[0] if len(documents) == 1 else documents
    return json.dumps(shown, indent=2) + "\n"


def _sarif(audit: Audit) -> str:
    from audits.checks import all_checks
    from audits.report.sarif import sarif

    checks = {check.id: check for check in all_checks()}
    return json.dumps(sarif(audit, checks, __version__), indent=2) + "\n"


def _markdown(audit: Audit) -> str:
    from audits.report.comment import fitted
    from audits.report.markdown import markdown_report

    return fitted(markdown_report(audit))
