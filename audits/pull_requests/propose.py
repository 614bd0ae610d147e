"""Opens one pull request in three requests: branch, commit, request; never twice.

Before each it looks at what is there. Only branches that the journal names as made here, and
that nobody pushed to since, are written to or deleted.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.errors import BudgetSpentError, ScanCancelledError
from audits.collect.github.errors import GitHubError
from audits.collect.paths import is_workflow
from audits.model.proposal import (
    Proposal,
    ProposalResult,
    ProposalState,
    change_trailer,
    short_names,
)
from audits.pull_requests.existing import (
    PullRequest,
    changed_paths,
    destination,
    earlier,
    message_of,
    tip,
)
from audits.pull_requests.journal import Journal
from audits.pull_requests.writer import (
    RefusedWriteError,
    UncertainWriteError,
    Writer,
    WriteRefusal,
    refused_by,
)


class _Ours(Struct, frozen=True):
    """The branch of a proposal: it has the change already, or is empty at ``head``."""

    commit: str = ""


class Proposer:
    """Opens pull requests with one writer, and journals each step.

    ``declined_too`` proposes also what was declined before.
    """

    def __init__(self, writer: Writer, journal: Journal, *, declined_too: bool = False) -> None:
        self._writer, self._journal, self._declined_too = writer, journal, declined_too

    def propose(self, proposal: Proposal) -> ProposalResult:
        """Open the pull request, or say why not; nothing of a refused one is left behind.

        BudgetSpentError where GitHub's limits do not lift: what follows waits for another run.
        """
        try:
            held = self._held(proposal) or self._written(proposal)
        except (BudgetSpentError, ScanCancelledError):
            raise
        except UncertainWriteError as error:
            return _result(proposal, ProposalState.UNCERTAIN, error.message, error.advice)
        except (RefusedWriteError, GitHubError) as error:
            return _result(proposal, ProposalState.REFUSED, error.message, error.advice)
        return held

    def _held(self, proposal: Proposal) -> ProposalResult | None:
        """Why it is not to be opened; None where it is."""
        reads, slug = self._writer.reads, str(proposal.ref)
        there = destination(reads, slug)
        why = (
            "The repository is archived." * there.archived
            or "GitHub has disabled the repository." * there.disabled
            or "The repository is a fork." * there.fork
        )
        if why:
            return _result(proposal, ProposalState.REFUSED, why, "Nothing is proposed there.")
        if there.full_name and there.full_name.lower() != slug.lower():
            why = f"The repository is {there.full_name} now."
            return _result(proposal, ProposalState.REFUSED, why, "Run this again with that name.")
        if not there.permissions.push:
            raise refused_by(WriteRefusal.RIGHTS)
        if not there.may_change_workflows and any(is_workflow(f.path) for f in proposal.files):
            raise refused_by(WriteRefusal.WORKFLOWS)
        requests = earlier(reads, slug, (proposal.topic,)).of(proposal.topic)
        settled = self._settled(proposal, requests)
        known = self._journal.of(proposal)
        renews = known is not None and known.is_outdated_by(proposal)
        is_open = settled is not None and settled.state is ProposalState.OPEN
        if settled is not None and not (is_open and renews):
            return settled
        if (
            there.default_branch != proposal.base
            or tip(reads, slug, proposal.base) != proposal.head
        ):
            return _result(
                proposal,
                ProposalState.MOVED,
                f"The branch {proposal.base} moved since it was audited.",
                "Run this again: it audits anew.",
            )
        request = next((each for each in requests if each.is_open), None)
        return None if request is None else self._renewed(proposal, request)

    def _renewed(self, proposal: Proposal, request: PullRequest) -> ProposalResult:
        """Put today's texts on top of an open request that is ours alone; one that somebody
        pushed to stays as it is, and nothing is ever forced.
        """
        reads, slug, known = self._writer.reads, str(proposal.ref), self._journal.of(proposal)
        as_it_is = ProposalResult(proposal=proposal, state=ProposalState.OPEN, url=request.html_url)
        there = tip(reads, slug, proposal.branch)
        # A run that was killed behind its commit has not noted it.
        is_made = bool(there) and change_trailer(proposal.digest) in message_of(reads, slug, there)
        if known is None or not (is_made or there == known.commit):
            return as_it_is
        others = changed_paths(reads, slug, request.number) - {f.path for f in proposal.files}
        if others:
            detail = (
                f"It also changes {min(others)}, which is not proposed any more. Close it, and "
                "run this again with --declined."
            )
            return replace(as_it_is, detail=detail)
        commit = there if is_made else self._writer.commit(proposal, onto=there)
        self._journal.note(proposal, commit=commit, url=request.html_url)
        self._writer.describe(proposal, request.number)
        return replace(as_it_is, state=ProposalState.UPDATED)

    def _settled(
        self, proposal: Proposal, requests: tuple[PullRequest, ...]
    ) -> ProposalResult | None:
        """What an earlier request of the same branch decides."""
        for request in requests:
            if request.is_open:
                return ProposalResult(
                    proposal=proposal, state=ProposalState.OPEN, url=request.html_url
                )
        wanted = short_names(proposal.fingerprints)
        for request in requests:
            if request.is_declined and not self._declined_too and wanted & request.fingerprints:
                return ProposalResult(
                    proposal=proposal, state=ProposalState.DECLINED, url=request.html_url
                )
        return None

    def _written(self, proposal: Proposal) -> ProposalResult:
        """Write what is missing of branch, commit and request."""
        ours = self._branch(proposal)
        if ours is None:
            return _result(
                proposal,
                ProposalState.THEIRS,
                f"The branch {proposal.branch} is there, and is not from here.",
                "Rename or delete it, then run this again.",
            )
        try:
            commit = ours.commit or self._committed(proposal)
            number, url = self._opened(proposal)
        except RefusedWriteError as error:
            return self._given_up(proposal, error)
        self._journal.note(proposal, commit=commit, url=url)
        return ProposalResult(
            proposal=proposal, state=ProposalState.OPENED, url=url or f"#{number}"
        )

    def _branch(self, proposal: Proposal) -> _Ours | None:
        """The branch, made where there is none; None where it is somebody else's."""
        slug = str(proposal.ref)
        there = tip(self._writer.reads, slug, proposal.branch)
        known = self._journal.of(proposal)
        if there:
            if known is None:
                return None
            commit = known.commit
            if not commit and there != known.base:
                said = message_of(self._writer.reads, slug, there)
                commit = there if change_trailer(known.digest) in said else ""
            if there not in {commit, known.base}:
                return None
            if there == commit and known.digest == proposal.digest:
                return _Ours(commit)
            if there == proposal.head:
                return _Ours()
            self._writer.delete_branch(slug, proposal.branch)
        self._journal.note(proposal)
        try:
            self._writer.create_branch(slug, proposal.branch, proposal.head)
        except RefusedWriteError as error:
            if error.why is WriteRefusal.EXISTS:
                return None
            raise
        return _Ours()

    def _committed(self, proposal: Proposal) -> str:
        self._journal.note(proposal)
        commit = self._writer.commit(proposal)
        self._journal.note(proposal, commit=commit)
        return commit

    def _opened(self, proposal: Proposal) -> tuple[int, str]:
        """Open the request; a draft where the repository has drafts."""
        try:
            return self._writer.open(proposal, draft=proposal.draft)
        except RefusedWriteError as error:
            if error.why is not WriteRefusal.NO_DRAFTS:
                raise
            return self._writer.open(proposal, draft=False)

    def _given_up(self, proposal: Proposal, error: RefusedWriteError) -> ProposalResult:
        """Clean up after a refusal, unless somebody was faster."""
        slug = str(proposal.ref)
        if error.why is WriteRefusal.EXISTS:
            requests = earlier(self._writer.reads, slug, (proposal.topic,)).of(proposal.topic)
            if (settled := self._settled(proposal, requests)) is not None:
                return settled
        known = self._journal.of(proposal)
        there = tip(self._writer.reads, slug, proposal.branch)
        if known is not None and there and there in {known.base, known.commit}:
            self._writer.delete_branch(slug, proposal.branch)
        state = ProposalState.MOVED if error.why is WriteRefusal.MOVED else ProposalState.REFUSED
        return _result(proposal, state, error.message, error.advice)


def _result(
    proposal: Proposal, state: ProposalState, message: str, advice: str = ""
) -> ProposalResult:
    return ProposalResult(proposal=proposal, state=state, detail=f"{message} {advice}".strip())
