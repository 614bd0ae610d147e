"""``release-audit fix --pull-request``: lists what could be proposed on GitHub, and opens it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from audits.cli.check import CheckOptions, plan_for
from audits.cli.exits import UsageError, end_code
from audits.cli.github import is_login, is_slug
from audits.cli.output import is_terminal, say, styled
from audits.model.errors import AuditError
from audits.model.proposal import SAFE, Proposal, ProposalResult, ProposalState, short_names

if TYPE_CHECKING:
    from audits.collect.github.client import GitHubClient
    from audits.collect.github.collector import Connection
    from audits.collect.github.several_credentials import OwnerCollector
    from audits.model.edit_plan import EditPlan
    from audits.model.score import Audit
    from audits.pipeline.edit_plan import FixChoice
    from audits.pipeline.run import Plan
    from audits.pull_requests.existing import Earlier
    from audits.pull_requests.journal import Journal
    from audits.pull_requests.writer import Writer

_PAGE = re.compile(r"https?://[^\s<>\"]+")


class ProposalWants(Struct, frozen=True):
    """What a person asks for: edits of which checks (all where empty), those to be reviewed
    too, at most ``limit`` requests, what was declined before once more; ``write`` opens them
    without a question, ``diff`` only lists them. ``message_prefix`` begins commits' messages, and
    ``sign_off`` is the name and address of whoever signs them off.
    """

    checks: frozenset[str] = frozenset()
    review: bool = False
    limit: int = 10
    declined_too: bool = False
    write: bool = False
    diff: bool = False
    journal: Path | None = None
    message_prefix: str = "ci: "
    sign_off: str = ""


class _Found(Struct, frozen=True):
    """A proposal with the edit plan that it comes from; ``settled`` where an earlier request
    decides.
    """

    proposal: Proposal
    plan: EditPlan
    settled: ProposalResult | None


@dataclass
class _Search:
    """What is proposed for the repositories that were named, and what could not be read."""

    connection: Connection
    options: CheckOptions
    wants: ProposalWants
    found: list[_Found] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    crashed: bool = False
    collector: OwnerCollector | None = None

    @cached_property
    def journal(self) -> Journal:
        """What earlier runs noted of their branches."""
        from audits.pull_requests.journal import Journal

        return Journal(self.wants.journal or _default_journal())

    @cached_property
    def writer(self) -> Writer | None:
        """What writes; None where the variable of its token is not set."""
        from audits.collect.github.rate_limits import Pacer
        from audits.pull_requests.credential import write_token
        from audits.pull_requests.writer import Writer

        token = write_token(os.environ)
        if token is None:
            return None
        pacer = Pacer(self.connection.limits, on_wait=self.connection.on_wait)
        return Writer(token, api_url=self.connection.api_url, pacer=pacer)


def propose(
    words: Sequence[str] | None,
    options: CheckOptions,
    wants: ProposalWants,
    connected: Callable[[], Connection],
) -> int:
    """List what could be proposed, open it where a person says yes, and return the exit code.

    0 where nothing is left to open, 1 where something is, 3 where something was refused or
    could not be read, 4 where this program failed.
    """
    targets = [_target(word) for word in words or ()]
    if not targets:
        raise UsageError("Pull requests are opened on GitHub.", "Name OWNER/REPO, or an OWNER.")
    if wants.write and wants.diff:
        raise UsageError("--write and --diff exclude each other.", "Leave one out.")
    search = _Search(_reading(connected()), options, wants)
    if wants.write:
        _need_writer(search)
    for target in targets:
        _search(search, target)
    search.found.sort(key=lambda found: -_gain(found.plan))
    for line in _listed(search):
        say(line)
    due = [found.proposal for found in search.found if found.settled is None]
    results = _opened(search, due) if due and _is_wanted(search, due) else []
    for line in _outcome(results):
        say(line)
    return _exit_code(search, due, results)


def _reading(connection: Connection) -> Connection:
    """How GitHub is read: with the token of scans, or where there is none with that for
    writing, which may read too.
    """
    from audits.collect.github.auth import CredentialKind, GitHubCredential
    from audits.pull_requests.credential import WRITE_VARIABLE, write_token

    token = write_token(os.environ)
    if connection.credential.kind is not CredentialKind.NONE or token is None:
        return connection
    credential = GitHubCredential(kind=CredentialKind.TOKEN, secret=token, found_in=WRITE_VARIABLE)
    return replace(connection, credential=credential, others=())


def _target(word: str) -> str:
    name = re.sub(r"^https?://[^/\s]+/", "", word).strip("/")
    if is_slug(name) or is_login(name):
        return name
    raise UsageError(
        f"{word} is no repository or owner on GitHub.", "Name OWNER/REPO, or an OWNER."
    )


def _need_writer(search: _Search) -> Writer:
    from audits.pull_requests.credential import RIGHTS, WRITE_VARIABLE

    if search.writer is None:
        raise UsageError(
            f"{WRITE_VARIABLE} is not set.",
            f"Put a token of its own there, with {RIGHTS}; no other one is used to write.",
        )
    return search.writer


# --- what could be proposed ---------------------------------------------------------------------


def _search(search: _Search, target: str) -> None:
    """Audit what a word names, and keep what could be proposed there."""
    from audits.pipeline.audit import is_crashed

    for audit, plan in _audits(search, target):
        slug = str(audit.repository.ref)
        search.crashed = search.crashed or is_crashed(audit)
        for gap in audit.repository.gaps:
            if not gap.optional:
                search.unread.append(f"{slug}: {gap.detail}")
        try:
            search.found += _proposals(search, audit, plan)
        except AuditError as error:
            search.unread.append(f"{slug}: {error.message} {error.advice}")


def _audits(search: _Search, target: str) -> Iterator[tuple[Audit, Plan]]:
    """The audits of one repository, or of an owner's, without archived ones and forks."""
    from audits.cli.targets import CheckTarget
    from audits.collect.github.collector import Choice, Request
    from audits.collect.github.several_credentials import collector_of
    from audits.pipeline.github_evidence import GitHubFacts
    from audits.pipeline.run import audits_of

    owner = target.partition("/")[0]
    names = (target,) if "/" in target else ()
    choice = Choice(archived=bool(names), forks=bool(names))
    collector = collector_of(Request(owner=owner, names=names, choice=choice), search.connection)
    search.collector = collector
    plan = plan_for(CheckTarget(slug=target), search.options)
    facts = GitHubFacts(reader=collector, others=plan.facts)
    asked = replace(plan, facts=facts, actions=collector)
    for audit in audits_of(collector.snapshots(), asked):
        yield audit, asked
    search.unread += [gap.detail for gap in collector.gaps() if not gap.optional]


def _proposals(search: _Search, audit: Audit, plan: Plan) -> Iterator[_Found]:
    """What could be proposed for one repository: the safe edits together, each other apart."""
    from audits.pipeline.edit_plan import FixChoice, plan_edits

    if not audit.repository.snapshot.commit:
        return
    whole = FixChoice(review=search.wants.review, checks=search.wants.checks)
    first = plan_edits(audit, plan, whole)
    topics = _topics(first)
    if not topics:
        return
    before = _earlier(search, audit, topics)
    for topic in topics:
        choice = _choice(search.wants, first, topic)
        if (
            made := _left(audit, plan, choice, before, declined_too=search.wants.declined_too)
        ) is not None:
            yield _found(search, made, topic, before)


def _topics(plan: EditPlan) -> tuple[str, ...]:
    """`SAFE` where there are safe edits, and each check whose edits are to be reviewed."""
    safe = any(each.kind == "safe" for each in plan.made)
    review = [found.check for each in plan.made if each.kind == "review" for found in each.findings]
    return (*((SAFE,) if safe else ()), *dict.fromkeys(review))


def _choice(wants: ProposalWants, first: EditPlan, topic: str) -> FixChoice:
    from audits.pipeline.edit_plan import FixChoice

    if topic == SAFE:
        return FixChoice(checks=wants.checks)
    findings = frozenset(
        found.fingerprint
        for each in first.made
        if each.kind == "review"
        for found in each.findings
        if found.check == topic
    )
    return FixChoice(review=True, findings=findings)


def _left(
    audit: Audit, plan: Plan, choice: FixChoice, before: Earlier, *, declined_too: bool
) -> EditPlan | None:
    """The edits of a topic, without those that were declined where others are left; None where
    there are none.
    """
    from audits.pipeline.edit_plan import plan_edits
    from audits.report.pull_request import proposed_fingerprints

    made = plan_edits(audit, plan, choice)
    proposed = frozenset(proposed_fingerprints(made))
    kept = frozenset(name for name in proposed if not before.declined & short_names((name,)))
    if kept and kept != proposed and not declined_too:
        made = plan_edits(audit, plan, replace(choice, findings=kept))
    return made if made.files else None  # one of which all was declined is listed as that


def _earlier(search: _Search, audit: Audit, topics: Iterable[str]) -> Earlier:
    from audits.pull_requests.existing import earlier

    return earlier(_reads(search, audit), str(audit.repository.ref), topics)


def _reads(search: _Search, audit: Audit) -> GitHubClient:
    """What reads pull requests: the token that writes, as it sees them for sure, else the one
    that read the repository.
    """
    if search.writer is not None:
        return search.writer.reads
    from audits.collect.github.several_credentials import client_of

    ref = audit.repository.ref
    if search.collector is None:
        return search.connection.client(ref.owner)
    return client_of(search.collector, str(ref))


def _found(search: _Search, made: EditPlan, topic: str, before: Earlier) -> _Found:
    from audits.report.pull_request import (
        commit_message,
        proposed_fingerprints,
        request_text,
        request_title,
    )

    bots = [bot.html_url for bot in before.bots if _PAGE.fullmatch(bot.html_url)]
    snapshot = made.before.repository.snapshot
    proposal = Proposal(
        ref=snapshot.ref,
        topic=topic,
        base=snapshot.branch,
        head=snapshot.commit,
        files=made.files,
        title=request_title(made, topic),
        message=commit_message(
            made,
            topic,
            prefix=search.wants.message_prefix,
            sign_off=search.wants.sign_off,
        ),
        body=request_text(made, topic, bots),
        draft=topic != SAFE,
        fingerprints=proposed_fingerprints(made),
    )
    known = search.journal.of(proposal)
    renews = known is not None and known.is_outdated_by(proposal)
    settled = _settled(proposal, before, declined_too=search.wants.declined_too, renews=renews)
    return _Found(proposal, made, settled)


def _settled(
    proposal: Proposal, before: Earlier, *, declined_too: bool, renews: bool
) -> ProposalResult | None:
    """What an earlier request decides: one is open and has these texts, or all of it was
    declined.
    """
    for request in before.of(proposal.topic):
        if request.is_open and renews:
            return None
        if request.is_open:
            return ProposalResult(proposal=proposal, state=ProposalState.OPEN, url=request.html_url)
    wanted = short_names(proposal.fingerprints)
    declined = [r for r in before.of(proposal.topic) if r.is_declined and wanted & r.fingerprints]
    if declined and not declined_too and wanted <= before.declined:
        url = declined[0].html_url
        return ProposalResult(proposal=proposal, state=ProposalState.DECLINED, url=url)
    return None


def _gain(plan: EditPlan) -> float:
    return (plan.after.score.points or 0) - (plan.before.score.points or 0)


# --- listing, opening -----------------------------------------------------------------------------


def _listed(search: _Search) -> Iterator[str]:
    """What could be proposed, line by line; of a single repository with its diff."""
    from audits.report.escape import printable
    from audits.report.fix import plan_lines

    repositories = {found.proposal.ref for found in search.found}
    for found in search.found:
        if len(repositories) == 1 and found.settled is None:
            yield from plan_lines(found.plan, styled)
            yield ""
    if not search.found:
        yield "Nothing can be proposed."
    for found in search.found:
        proposal = found.proposal
        state = f"{found.settled.state}: {found.settled.url}" if found.settled else "to be opened"
        kind = "draft, " if proposal.draft else ""
        before, after = found.plan.before.score, found.plan.after.score
        rise = f"{before.grade} {before.points or 0:g} → {after.grade} {after.points or 0:g}"
        yield styled(printable(f"{proposal.ref}  {proposal.branch}"), "strong")
        yield f"  {printable(proposal.title)}  {rise}  ({kind}{printable(state)})"
    for line in dict.fromkeys(search.unread):
        yield f"not read: {printable(line)}"


def _is_wanted(search: _Search, due: Sequence[Proposal]) -> bool:
    """Whether a person wants them opened; nobody is asked but at a terminal."""
    from audits.report.phrases import count

    wants = search.wants
    number = min(len(due), wants.limit)
    if wants.write:
        return True
    if wants.diff or not is_terminal(sys.stdin, sys.stdout):
        say(f"Nothing was sent. To open {count(number, 'pull request')}, add --write.")
        return False
    say(f"\nOpen {count(number, 'pull request')}? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _opened(search: _Search, due: Sequence[Proposal]) -> list[ProposalResult]:
    """Open what is due, one at a time, up to the limit; what stops them leaves the rest."""
    from audits.collect.errors import BudgetSpentError, ScanCancelledError
    from audits.pull_requests.propose import Proposer

    wants = search.wants
    proposer = Proposer(_need_writer(search), search.journal, declined_too=wants.declined_too)
    results: list[ProposalResult] = []
    for proposal in due[: wants.limit]:
        try:
            results.append(_apart(proposer.propose, proposal))
        except (BudgetSpentError, ScanCancelledError) as error:
            detail = f"{error.message} {error.advice}"
            results += [
                ProposalResult(proposal=left, state=ProposalState.WAITING, detail=detail)
                for left in due[len(results) : wants.limit]
            ]
            break
    over = f"The limit of {wants.limit} is reached; run this again, or raise --limit."
    results += [
        ProposalResult(proposal=left, state=ProposalState.WAITING, detail=over)
        for left in due[wants.limit :]
    ]
    return results


def _apart(open_one: Callable[[Proposal], ProposalResult], proposal: Proposal) -> ProposalResult:
    """What became of a proposal; a failure of this program costs that one alone."""
    from audits.faults import log_fault

    try:
        return open_one(proposal)
    except AuditError:
        raise
    except Exception as error:
        place = log_fault(error, f"proposing to {proposal.ref}")
        return ProposalResult(proposal=proposal, state=ProposalState.CRASHED, detail=place)


def _default_journal() -> Path:
    from platformdirs import user_state_path

    return user_state_path("release-audit", appauthor=False) / "pull-requests.jsonl"


def _outcome(results: Sequence[ProposalResult]) -> Iterator[str]:
    from audits.report.escape import printable

    for result in results:
        where = f"{result.proposal.ref}  {result.proposal.branch}"
        yield printable(f"{result.state}: {where}  {result.url}".rstrip())
        if result.detail:
            yield f"  {printable(result.detail)}"


def _exit_code(search: _Search, due: Sequence[Proposal], results: Sequence[ProposalResult]) -> int:
    refused = {
        ProposalState.REFUSED,
        ProposalState.UNCERTAIN,
        ProposalState.THEIRS,
        ProposalState.MOVED,
    }
    left = [result for result in results if not result.state.is_settled]
    return end_code(
        crashed=search.crashed or any(r.state is ProposalState.CRASHED for r in results),
        unread=bool(search.unread) or any(result.state in refused for result in results),
        findings=bool(left) or (bool(due) and not results),
    )
