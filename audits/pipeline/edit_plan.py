"""Turns the audit of a repository into an edit plan: new texts, proved by another audit.

`plan_edits` is the one way from findings to texts: ``fix``, the steps to A of ``check`` and of
the dashboard, and pull requests all go through it. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.literal_credentials import credentials_of
from audits.fixes.edit_sets import MovedTextError, edit_sets, new_text, overlap
from audits.model.edit_plan import ChangedFile, EditPlan, EditSet, LeftFinding, LeftReason
from audits.model.evidence import ResolvedRef
from audits.model.finding_record import FindingRecord
from audits.model.outcome import Edit, FixKind
from audits.model.repository import Breadth, OpenedFile, Repository
from audits.model.score import Audit, AuditedFinding
from audits.model.settings import Unseen
from audits.model.source import Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.pipeline.edit_proof import audit_fault, removal_places, tree_fault
from audits.pipeline.run import Plan
from audits.workflow.parse.lock_file import LOCK
from audits.workflow.repository import read_repository

MOST_ROUNDS = 8
"""Edits that overlap wait for the next round; no known repository needs more than five."""


class FixChoice(Struct, frozen=True, kw_only=True):
    """Which findings to fix: ``review`` adds the edits that a person has to look at; ``checks``
    and ``findings`` (fingerprints) limit them, where not empty.
    """

    review: bool = False
    checks: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()

    def wants(self, found: AuditedFinding) -> bool:
        """Whether a finding is asked for."""
        named = not self.checks or found.check in self.checks
        return named and (not self.findings or found.fingerprint in self.findings)


def plan_edits(before: Audit, plan: Plan, choice: FixChoice | None = None) -> EditPlan:
    """The edits of an audit that can be made, the texts they make, and what is left.

    ``plan`` is the one of the audit; its evidence is used as it is, without requests. Each round
    applies edits that do not overlap, and keeps those in which `edit_proof` finds no fault; the
    others are left out and reported.
    """
    return _Planner(before, plan, choice or FixChoice()).plan()


class _Planner:
    """The state between rounds: the texts so far, and their audit without other analysers."""

    def __init__(self, before: Audit, plan: Plan, choice: FixChoice) -> None:
        self.before, self.plan_of, self.choice = before, plan, choice
        self.snapshot = before.repository.snapshot
        # The other analyser takes longer than all checks, and no edit is about its rules.
        self.audit = self._audit(self.snapshot)
        self.made: list[EditSet] = []
        self.refused: dict[tuple[str, str, str], str] = {}

    def plan(self) -> EditPlan:
        rounds = 0
        while rounds < MOST_ROUNDS and (wanted := self._wanted()):
            accepted = self._proved((), tuple(_compatible(wanted, self._files())))
            if accepted:
                self.made += accepted
                self.snapshot, self.audit = self._after(accepted)
                self.refused = {}  # what failed its proof may pass it on the new texts
                rounds += 1
            elif not any(self._is_refused(each) for each in wanted):
                break
        return EditPlan(
            before=self.before,
            after=self._final(),
            files=tuple(self._changed()),
            made=tuple(self.made),
            left=tuple(self._left()),
            rounds=rounds,
        )

    def _wanted(self) -> list[EditSet]:
        """The sets that may be applied to the texts as they are."""
        found = [f for f in self._findings() if f.acceptance is None]
        return [
            each
            for each in edit_sets(f for f in found if not _is_locked(self.audit, f))
            if (self.choice.review or each.kind is FixKind.SAFE) and not self._is_refused(each)
        ]

    def _findings(self) -> tuple[AuditedFinding, ...]:
        """The findings that are asked for, with the kind that their edits have at their place."""
        found = (*self.audit.findings, *self.audit.beyond)
        return tuple(each for each in found if self.choice.wants(each))

    def _is_refused(self, made: EditSet) -> bool:
        return all(_name(found) in self.refused for found in made.findings)

    def _proved(self, kept: Sequence[EditSet], more: Sequence[EditSet]) -> tuple[EditSet, ...]:
        """Those of ``more`` that pass the proof together with ``kept``; halves are tried where
        all do not, so that one bad set costs no other.
        """
        if not more:
            return ()
        fault = self._fault((*kept, *more))
        if not fault:
            return tuple(more)
        if len(more) == 1:
            self.refused |= {_name(found): fault for found in more[0].findings}
            return ()
        middle = len(more) // 2
        first = self._proved(kept, more[:middle])
        return (*first, *self._proved((*kept, *first), more[middle:]))

    def _fault(self, sets: Sequence[EditSet]) -> str:
        """Why these sets may not be applied together; "" where they may."""
        try:
            texts = self._texts(sets)
        except MovedTextError as error:
            return str(error)
        files = self._files()
        for path, text in texts.items():
            edits = [edit for each in sets for edit in each.edits if edit.path == path]
            after = SourceFile.of(path, text.encode())
            if fault := tree_fault(files.get(path), after, list(dict.fromkeys(edits))):
                return f"{path}: {fault}"
        return audit_fault(self.audit, self._after(sets)[1], sets)

    def _texts(self, sets: Iterable[EditSet]) -> dict[str, str]:
        edits: dict[str, list[Edit]] = {}
        for edit in (edit for each in sets for edit in each.edits):
            edits.setdefault(edit.path, []).append(edit)
        files = self._files()
        return {path: new_text(files.get(path), of) for path, of in edits.items()}

    def _after(self, sets: Sequence[EditSet]) -> tuple[Snapshot, Audit]:
        texts = self._texts(sets)
        files = {file.path: file for file in self.snapshot.files}
        files |= {path: SourceFile.of(path, text.encode()) for path, text in texts.items()}
        ordered = tuple(files[path] for path in sorted(files))
        snapshot = replace(self.snapshot, files=ordered)
        return snapshot, self._audit(snapshot)

    def _files(self) -> Mapping[str, SourceFile]:
        return {file.path: file for file in self.snapshot.files}

    def _audit(self, snapshot: Snapshot) -> Audit:
        return audit_again(self.before, snapshot, replace(self.plan_of, engine=None))

    def _final(self) -> Audit:
        """The audit of the last texts, by the same analysers as the first."""
        if not self.made:
            return self.before
        return audit_again(self.before, self.snapshot, self.plan_of)

    def _changed(self) -> Iterator[ChangedFile]:
        old = {file.path: file for file in self.before.repository.snapshot.files}
        for file in self.snapshot.files:
            known = old.get(file.path)
            if known is None or known.text != file.text:
                yield ChangedFile(path=file.path, before=known, text=file.text)

    def _left(self) -> Iterator[LeftFinding]:
        for each in self._findings():
            reason, why = self._why_left(each)
            why = credentials_of(self.before.repository).hide(why)
            yield LeftFinding(finding=each, reason=reason, why=why, url=_url(each))

    def _why_left(self, found: AuditedFinding) -> tuple[LeftReason, str]:
        if found.acceptance is not None:
            return LeftReason.ACCEPTED, f"{found.acceptance.kind}: {found.acceptance.reason}"
        if _name(found) in self.refused:
            fault = self.refused[_name(found)]
            return LeftReason.NOT_PROVED, f"The edit failed its proof ({fault}). Please report it."
        if _is_locked(self.audit, found):
            why = f"The workflow is in `{LOCK}`: change action and lock entry together."
            return LeftReason.LOCKED, why
        if not found.finding.edits:
            return LeftReason.BY_HAND, FindingRecord.of(found).advice
        if found.fix is FixKind.REVIEW and not self.choice.review:
            return LeftReason.REVIEW, FindingRecord.of(found).advice
        return LeftReason.CONFLICT, "It meets another edit at the same place. Run fix once more."


def audit_again(known: Audit, snapshot: Snapshot, plan: Plan) -> Audit:
    """The audit of changed texts of a repository, by the evidence of an earlier audit."""
    evidence, rules = known.repository, plan.rules
    narrow = _read(evidence, snapshot, rules, Breadth.RELEASE)
    wide = _read(evidence, snapshot, rules, Breadth.ALL) if plan.breadth is Breadth.ALL else None
    report = plan.engine.run((wide or narrow,))[0] if plan.engine is not None else None
    return audit(narrow, rules, engine=report, everything=wide)


def _read(evidence: Repository, snapshot: Snapshot, rules: Rules, breadth: Breadth) -> Repository:
    repository = read_repository(
        snapshot,
        channel=rules.index.channel_of,
        breadth=breadth,
        advisories=evidence.advisories,
        index_hosts=evidence.index_hosts,
        as_of=evidence.as_of,
        uploaders=rules.uploaders,
    )
    references = evidence.references
    if isinstance(references, Mapping):
        references = with_commits(references)
    # Gaps of indexes (``registry:package``) hold for any text of the repository.
    unserved = tuple(gap for gap in evidence.gaps if ":" in gap.subject)
    return replace(
        repository,
        gaps=tuple(dict.fromkeys((*repository.gaps, *unserved))),
        references=references,
        index=evidence.index,
        opened=_with_pinned(evidence.opened, references),
        images=evidence.images,
        released=evidence.released,
    )


def _with_pinned(
    opened: Mapping[str, OpenedFile] | Unseen,
    references: Mapping[tuple[str, str], ResolvedRef] | Unseen,
) -> Mapping[str, OpenedFile] | Unseen:
    """What actions of others use, also under the commits that their refs lead to."""
    if isinstance(opened, Unseen) or isinstance(references, Unseen):
        return opened
    found = dict(opened)
    for name, file in opened.items():
        action, _, ref = name.rpartition("@")
        known = references.get(("/".join(action.split("/")[:2]), ref))
        if known is not None and known.commit:
            found.setdefault(f"{action}@{known.commit}", file)
    return found


def with_commits(
    references: Mapping[tuple[str, str], ResolvedRef],
) -> dict[tuple[str, str], ResolvedRef]:
    """References with what is known of the commits that edits pin to: those that refs lead to,
    and those of newest releases.
    """
    found = dict(references)
    for known in references.values():
        slug = known.slug.lower()
        if known.commit:
            tags = known.tags
            if known.is_tag and isinstance(tags, tuple):
                tags = tuple(dict.fromkeys((*tags, known.ref)))
            pinned = replace(known, ref=known.commit, is_tag=False, is_branch=False, tags=tags)
            found.setdefault((slug, known.commit), pinned)
        if newest := known.newest_release_commit:
            pinned = replace(
                known,
                ref=newest,
                commit=newest,
                is_tag=False,
                is_branch=False,
                tags=(known.newest_release,),
                reachable=True,
                committed_at=known.newest_release_at,
            )
            found.setdefault((slug, newest), pinned)
    return found


def _compatible(sets: Sequence[EditSet], files: Mapping[str, SourceFile]) -> Iterator[EditSet]:
    """The sets, in their order, that can be applied in one round: none overlaps an earlier one,
    and no two take something out of the same mapping.
    """
    taken: list[Edit] = []
    emptied: set[tuple[str, int]] = set()
    for each in sets:
        places = {
            (path, start)
            for path in each.paths
            if path in files
            for start in removal_places(files[path], each.edits)
        }
        met = any(overlap(edit, other) for edit in each.edits for other in taken)
        if not met and not places & emptied:
            taken += each.edits
            emptied |= places
            yield each


def _is_locked(known: Audit, found: AuditedFinding) -> bool:
    """Whether an edit changes an action that GitHub's lock file lists: the workflow would not
    start without the entry of the new one.
    """
    repository = known.repository
    return any(
        edit.path in repository.lock_onboarded and _changes_uses(repository, edit)
        for edit in found.finding.edits
    )


def _changes_uses(repository: Repository, edit: Edit) -> bool:
    """Whether an edit changes which action or workflow is used."""
    if "uses:" in edit.new or "uses:" in edit.old:
        return True
    workflow = repository.workflow(edit.path)
    if workflow is None:
        return False
    called = [job.uses for job in workflow.jobs]
    used = [step.uses for job in workflow.jobs for step in job.steps]
    places = [uses.raw for uses in (*called, *used) if uses is not None]
    return any(edit.start < raw.end and raw.start < max(edit.end, edit.start + 1) for raw in places)


def _name(found: AuditedFinding) -> tuple[str, str, str]:
    """A key that stays the same from round to round."""
    return found.check, found.finding.at.path, found.fingerprint


_KINDS = ("settings", "publisher", "documentation", "lesson")


def _url(found: AuditedFinding) -> str:
    """The page on which to fix what no edit closes; "" where there is none."""
    links = {link.kind: link.url for link in reversed(found.links)}
    return next((links[kind] for kind in _KINDS if kind in links), "")
