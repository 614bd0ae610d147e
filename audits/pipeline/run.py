"""Parses collected repositories, completes them with evidence, and audits them, in batches."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from audits.analysis.image_uses import images_to_ask
from audits.analysis.required_pins import written_uses
from audits.faults import crash_gap, each_apart
from audits.model.engine import EngineReport
from audits.model.evidence import ImageDigest, ResolvedRef
from audits.model.repository import NO_IMAGES, NOT_OPENED, Breadth, OpenedFile, Repository
from audits.model.score import Audit
from audits.model.settings import Unseen
from audits.model.source import Gap, Snapshot
from audits.model.uses import Uses, UsesKind
from audits.pipeline.audit import Rules, audit, crashed_audit
from audits.pipeline.evidence import ActionSource, Engine, Facts, ImageSource, NoFacts
from audits.workflow.opened_files import open_files
from audits.workflow.publisher_status.questions import packages_to_ask
from audits.workflow.repository import read_repository

BATCH = 100
"""Repositories whose evidence is asked for together, so that they share requests."""
_BATCH_SECONDS = 5.0
"""How long a repository that was read waits for others where reading is slow."""


class Plan(Struct, frozen=True, kw_only=True):
    """How to audit: the rules, the sources of evidence, and which workflows are read."""

    rules: Rules
    facts: Facts = field(default_factory=NoFacts)
    engine: Engine | None = None
    actions: ActionSource | None = None
    images: ImageSource | None = None
    breadth: Breadth = Breadth.RELEASE


def audits_of(snapshots: Iterable[Snapshot], plan: Plan) -> Iterator[Audit]:
    """The audit of each snapshot, in order, `BATCH` at a time."""
    for batch in batches(snapshots):
        yield from audit_batch(batch, plan)


def batches(snapshots: Iterable[Snapshot]) -> Iterator[tuple[Snapshot, ...]]:
    """The snapshots in groups of `BATCH`, or of what came within some seconds."""
    batch: list[Snapshot] = []
    begun = 0.0
    for snapshot in snapshots:
        begun = begun if batch else time.monotonic()
        batch.append(snapshot)
        if len(batch) >= BATCH or time.monotonic() - begun >= _BATCH_SECONDS:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


class Prepared(Struct, frozen=True, kw_only=True):
    """A repository with its evidence, so that checks can run without requests. ``everything`` is
    the same one with every workflow read, None where the plan reads release workflows only.
    """

    repository: Repository
    everything: Repository | None = None


def audit_batch(snapshots: Sequence[Snapshot], plan: Plan) -> tuple[Audit, ...]:
    """The audits of some snapshots, whose evidence is asked for together.

    A snapshot on which this program fails costs itself alone: its audit says so.
    """
    found = prepare_batch(snapshots, plan)
    ready = [each for each in found if isinstance(each, Prepared)]
    judged = iter(judge_batch(ready, plan))
    return tuple(next(judged) if isinstance(each, Prepared) else each for each in found)


def prepare_batch(snapshots: Sequence[Snapshot], plan: Plan) -> tuple[Prepared | Audit, ...]:
    """Some snapshots, parsed and completed with evidence that is asked for together; where this
    program fails on one, the audit that says so.
    """

    def failed(snapshot: Snapshot, error: Exception) -> Prepared | Audit:
        return crashed_audit(snapshot, error, "auditing")

    return tuple(each_apart(snapshots, lambda some: _prepare_together(some, plan), failed))


def judge_batch(prepared: Sequence[Prepared], plan: Plan) -> tuple[Audit, ...]:
    """The audits of what was prepared, without requests."""
    reports: Sequence[EngineReport | None] = (None,) * len(prepared)
    if plan.engine is not None:
        # The other analyser gets the files that our own checks look at.
        looked_at = [each.everything or each.repository for each in prepared]
        reports = each_apart(looked_at, plan.engine.run, _failed_engine)

    def judged(some: Sequence[tuple[Prepared, EngineReport | None]]) -> list[Audit]:
        return [
            audit(each.repository, plan.rules, engine=report, everything=each.everything)
            for each, report in some
        ]

    def failed(pair: tuple[Prepared, EngineReport | None], error: Exception) -> Audit:
        return crashed_audit(pair[0].repository.snapshot, error, "auditing")

    return tuple(each_apart(list(zip(prepared, reports, strict=True)), judged, failed))


def _prepare_together(snapshots: Sequence[Snapshot], plan: Plan) -> list[Prepared | Audit]:
    read = _read(snapshots, plan)
    completed = plan.facts.complete(read)
    wide = [_everything(repository, plan) for repository in read]
    looked_at = [whole or own for whole, own in zip(wide, read, strict=True)]
    uses = [{(u.slug, u.ref): u for u in remote_uses(repository)} for repository in looked_at]
    used = {name: use for each in uses for name, use in each.items()}
    references = plan.facts.references(tuple(used.values())) if used else {}
    opened = _opened(read, plan, references)
    images = _images(looked_at, plan)
    packages = [packages_to_ask(repository) for repository in read]
    wanted = tuple(dict.fromkeys(pair for each in packages for pair in each))
    index = plan.facts.packages(wanted) if wanted else {}
    missed = plan.facts.gaps()
    # A failed lookup is attached only to repositories that needed it: a result must not depend
    # on which others are in the batch.
    repositories = tuple(
        replace(
            repository,
            snapshot=snapshot,
            references=references if mine else {},
            opened=opened,
            images=images,
            index=index if asked else {},
            gaps=_merged(repository.gaps, snapshot.gaps, _gaps_of(asked, missed)),
        )
        for repository, snapshot, mine, asked in zip(read, completed, uses, packages, strict=True)
    )
    repositories = plan.facts.released(repositories)
    return [
        Prepared(repository=own, everything=_completed(whole, own))
        for whole, own in zip(wide, repositories, strict=True)
    ]


def _read(snapshots: Sequence[Snapshot], plan: Plan) -> tuple[Repository, ...]:
    """The repositories as their own files describe them, without evidence."""
    advisories = plan.facts.advisories()
    return tuple(
        read_repository(
            snapshot,
            channel=plan.rules.index.channel_of,
            advisories=advisories,
            index_hosts=plan.rules.index,
            as_of=plan.rules.as_of,
            uploaders=plan.rules.uploaders,
        )
        for snapshot in snapshots
    )


def _failed_engine(repository: Repository, error: Exception) -> EngineReport:
    """The report on a repository on which the other analyser, or our reader of it, failed."""
    gap = crash_gap(error, f"running the other analyser over {repository.ref}")
    return EngineReport(engine="", gaps=(gap,), ran=False)


def _merged(*gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    return tuple(dict.fromkeys(gap for some in gaps for gap in some))


def _gaps_of(packages: Iterable[tuple[str, str]], missed: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """The gaps on a repository's own packages; those on a whole index are the owner's."""
    if not missed:
        return ()
    subjects = {f"{registry}:{name}" for registry, name in packages}
    return tuple(gap for gap in missed if gap.subject in subjects)


def _everything(repository: Repository, plan: Plan) -> Repository | None:
    """The same repository with every workflow read; None where the plan does not ask for it."""
    if plan.breadth is Breadth.RELEASE:
        return None
    return read_repository(
        repository.snapshot,
        channel=plan.rules.index.channel_of,
        breadth=Breadth.ALL,
        advisories=repository.advisories,
        index_hosts=repository.index_hosts,
        as_of=repository.as_of,
        uploaders=plan.rules.uploaders,
    )


def _completed(wide: Repository | None, own: Repository) -> Repository | None:
    """The repository with every workflow read, and with the evidence of ``own``."""
    if wide is None:
        return None
    return replace(
        wide,
        snapshot=own.snapshot,
        references=own.references,
        index=own.index,
        opened=own.opened,
        images=own.images,
    )


def _opened(
    repositories: Sequence[Repository],
    plan: Plan,
    references: Mapping[tuple[str, str], ResolvedRef] | Unseen,
) -> Mapping[str, OpenedFile] | Unseen:
    """What other owners' actions and workflows use, read for all repositories together."""
    if plan.actions is None:
        return NOT_OPENED
    uses = tuple({u.raw.value: u for r in repositories for u in written_uses(r)}.values())
    known = {} if isinstance(references, Unseen) else references
    return open_files(plan.actions.action_files(uses, known)) if uses else {}


def _images(
    repositories: Sequence[Repository], plan: Plan
) -> Mapping[str, ImageDigest | Unseen] | Unseen:
    """What tags of images stand for today, asked for all repositories together."""
    if plan.images is None:
        return NO_IMAGES
    return plan.images.digests(text for each in repositories for text in images_to_ask(each))


def remote_uses(repository: Repository) -> Iterator[Uses]:
    """The remote actions and workflows that the workflows which were read use."""
    for site in repository.jobs():
        if site.job.uses is not None and site.job.uses.kind is UsesKind.REMOTE:
            yield site.job.uses
    for step in repository.steps():
        if step.step.uses is not None and step.step.uses.kind is UsesKind.REMOTE:
            yield step.step.uses
