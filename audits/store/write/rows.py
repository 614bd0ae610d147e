"""Converts an audit to rows of the interval tables."""

from __future__ import annotations

import json
from collections import Counter

from msgspec.structs import asdict

from audits.analysis.exposure.search import cheapest_cut
from audits.analysis.release_owners import code_owners
from audits.analysis.trusted_publishers import is_this_repository
from audits.model.evidence import PackageEvidence
from audits.model.exposure import Actor, CheapestCut, Exposure, ExposurePath
from audits.model.outcome import Area, Outcome, Severity
from audits.model.publication import Channel, Publication
from audits.model.repository import Repository
from audits.model.score import Audit, PackageStatus, Result
from audits.model.settings import Unseen
from audits.model.source import Gap
from audits.store.details import all_findings
from audits.store.schema.codes import AREAS, SEVERITIES, barred, yes_no
from audits.store.serialize import text_of
from audits.store.write.action_uses import Use
from audits.store.write.result_rows import Row, is_accepted, rounded

MOST_STORED = 12
"""Paths of one publication that are stored, the worst first."""


def state_row(audit: Audit) -> Row:
    """The repository itself at the audited commit."""
    snapshot = audit.repository.snapshot
    owned = code_owners(audit.repository)
    return {
        "host": snapshot.ref.host,
        "head": snapshot.commit,
        "committed_at": snapshot.committed_at,
        "branch": snapshot.branch,
        "archived": snapshot.archived,
        "topics": barred(snapshot.topics),
        "code_owners": owned.answer.value,
        "ask": barred(owned.owners),
        "database_id": snapshot.database_id,
    }


def score_row(audit: Audit) -> Row:
    """The score with the counts that lists of repositories show and filter by."""
    score = audit.score
    row: Row = {
        "grade": score.grade.value,
        "points": rounded(score.points),
        "strict_points": rounded(audit.strict_score.points),
        "tier": score.tier,
        "coverage": rounded(score.coverage),
        "policy": score.policy,
        "rules": score.rules,
        "cap": score.cap,
        "steps": text_of([[s.check, s.points, s.grade] for s in score.steps]),
        "not_counted": json.dumps(dict(score.not_counted)),
    }
    by_area = {area.area: area for area in score.areas}
    for column, area in zip(AREAS, Area, strict=True):
        scored = by_area.get(area)
        row[f"{column}_points"] = rounded(scored.points) if scored else None
        row[f"{column}_coverage"] = rounded(scored.coverage) if scored else None
    counted = Counter(f.severity for f in audit.findings if not is_accepted(f))
    for column, severity in zip(SEVERITIES, Severity, strict=True):
        row[f"open_{column}"] = counted[severity]
    return row | {
        "accepted": sum(is_accepted(found) for found in audit.findings),
        "publications": len(audit.publications),
        "registries": barred(sorted({p.registry.value for p in audit.publications})),
        "ladders": barred(sorted({status.state.value for status in audit.statuses})),
        "gaps": len(gaps_of(audit)),
        "unrecognized": len(audit.repository.graph.unrecognized),
        **_worst_levels(audit),
    }


def _worst_levels(audit: Audit) -> Row:
    """The worst `level` and `may_be` of the publications that are scored."""
    scored = frozenset(audit.repository.scored_publications)
    counted = [each for each in audit.exposure if each.publication in scored]
    if not counted:
        return {"level": "", "may_be": ""}
    level = min((each.level for each in counted), key=lambda actor: actor.rank)
    may_be = min((each.may_be for each in counted), key=lambda actor: actor.rank)
    return {"level": level.value, "may_be": may_be.value}


def stored_results(audit: Audit) -> list[tuple[Result, bool]]:
    """Results to keep, each with whether it is the owner's: all but not-applicable."""
    both = [(r, False) for r in audit.results] + [(r, True) for r in audit.owner_results]
    return [(r, owner) for r, owner in both if r.outcome is not Outcome.NOT_APPLICABLE or r.crash]


def gaps_of(audit: Audit) -> tuple[Gap, ...]:
    """What could not be seen, each gap once."""
    return tuple(dict.fromkeys((*audit.repository.snapshot.gaps, *audit.repository.gaps)))


def _line_in_workflow(found: Publication) -> int:
    """The publication's line; of one in a script, the line of the step that runs it."""
    step = found.source_step
    return step.at.line if found.script and step is not None else found.at.line


def publication_row(found: Publication) -> Row:
    """One publication, in the words of the CSV contract."""
    environment = found.environment
    credentials = dict.fromkeys(c.secret or c.name for c in found.credentials)
    return {
        "workflow": found.workflow.path,
        "job": found.job.id,
        "step": found.step,
        "line": _line_in_workflow(found),
        "registry": found.registry.value,
        "channel": found.channel.value,
        "package": ", ".join(found.packages),
        "mechanism": found.way,
        "auth": found.auth.value,
        "credential": ", ".join(credentials),
        "environment": environment.name.value if environment else "",
        "environment_form": environment.form.value if environment else "",
        "id_token": found.id_token,
        "indirect": found.indirect,
        "attests": yes_no(found.attests),
        "triggers": ", ".join(dict.fromkeys(t.event for r in found.routes for t in r.triggers)),
        "called": found.called.raw.value if found.called else "",
        "publisher_workflow": ", ".join(found.publisher_workflows),
    }


def package_row(audit: Audit, status: PackageStatus) -> Row:
    """One package: its status, its first publication, its index's evidence, its exposure."""
    of = [p for p in audit.publications if p.key in status.publications]
    first = of[0] if of else None
    row: Row = {
        "registry": status.registry,
        "package": status.package,
        "state": status.state.value,
        "why": status.why,
        "workflow": first.workflow.path if first else "",
        "job": first.job.id if first else "",
        "auth": first.auth.value if first else "",
        "environment": first.environment.name.value if first and first.environment else "",
        "publisher_form": _publisher_form(audit, status),
    }
    found = audit.repository.evidence(status.registry, status.package)
    proven = _evidence(audit.repository, None if isinstance(found, Unseen) else found)
    return row | proven | _exposure_of(audit, status)


def _exposure_of(audit: Audit, status: PackageStatus) -> Row:
    """The exposure of a package by all its publications to production: the level of the most
    exposed one, and what closes the paths of that level to any; where there is none, of those to
    a private registry or to one that is not known.
    """
    mine = [
        each
        for each in audit.exposure
        if each.package in {status.package, ""} and each.publication.key in status.publications
    ] or [
        each
        for each in audit.exposure
        if (each.registry, each.package) == (status.registry, status.package)
        and each.channel is not Channel.TEST
    ]
    worst = min(mine, key=lambda each: (each.level.rank, each.may_be.rank), default=None)
    path = worst.worst if worst is not None else None
    cut = _cut_of(audit, mine, worst.level) if worst is not None else None
    counts = Counter[Actor]()
    for each in mine:
        counts.update(dict(each.counts))
    writers = worst.writers if worst is not None else None
    return {
        "level": worst.level.value if worst is not None else "",
        "may_be": worst.may_be.value if worst is not None else "",
        "level_accepted": worst is not None and worst.accepted,
        "holds": path.holds.value if path is not None else "",
        "until": path.until if path is not None else "",
        "paths_anyone": counts.get(Actor.ANYONE, 0),
        "paths_third_party": counts.get(Actor.THIRD_PARTY, 0),
        "paths_one_writer": counts.get(Actor.ONE_WRITER, 0),
        "cut": "; ".join(dict.fromkeys(each.what for each in cut.cuts)) if cut is not None else "",
        "cut_path": cut.cut.at.path if cut is not None and not cut.cut.settings else "",
        "cut_line": cut.cut.at.line if cut is not None and not cut.cut.settings else None,
        "cut_edits": cut.edits if cut is not None else 0,
        "cut_leaves": cut.leaves.value if cut is not None else "",
        "needs": ", ".join(dict.fromkeys(n.what for n in path.needs)) if path is not None else "",
        "writers": None if isinstance(writers, Unseen) else writers,
        "writers_unseen": writers.reason if isinstance(writers, Unseen) else "",
    }


def _cut_of(audit: Audit, exposures: list[Exposure], level: Actor) -> CheapestCut | None:
    """The smallest set of changes that closes the paths of a level to all these publications."""
    if len(exposures) == 1:
        return exposures[0].cut
    paths = [path for each in exposures for path in each.paths]
    return cheapest_cut(paths, level, audit.repository.ref.is_enterprise_server)


def path_rows(audit: Audit) -> list[Row]:
    """The worst paths to each publication; packages that it uploads together share them."""
    found: list[Row] = []
    seen: set[str] = set()
    for exposure in audit.exposure:
        if exposure.publication.key in seen:
            continue
        seen.add(exposure.publication.key)
        found += [_path_row(exposure, path) for path in exposure.paths[:MOST_STORED]]
    return found


def _path_row(exposure: Exposure, path: ExposurePath) -> Row:
    entrance, drain = path.entrance, path.drain
    steps = [[s.kind, s.what, s.at.path, s.at.line, s.job] for s in path.steps]
    cuts = [[c.what, "" if c.settings else c.at.path, c.at.line] for c in path.cuts]
    return {
        "publication": exposure.publication.key,
        "registry": exposure.publication.registry.value,
        "package": exposure.package,
        "path_id": path.id,
        "actor": path.actor.value,
        "state": path.state.value,
        "holds": path.holds.value,
        "until": path.until,
        "way_in": path.way_in.value,
        "sink": path.sink.value,
        "starts": path.starts,
        "sets_level": path.sets_level,
        "way_in_path": entrance.at.path,
        "way_in_line": entrance.at.line,
        "way_in_job": entrance.job,
        "sink_path": drain.at.path,
        "sink_line": drain.at.line,
        "steps": text_of(steps),
        "cuts": text_of(cuts),
        "needs": text_of([[n.what, n.permission] for n in path.needs]),
        "finding": path.finding,
        "accepted": path.accepted,
    }


def _evidence(repository: Repository, found: PackageEvidence | None) -> Row:
    latest = found.latest if found else None
    proofs = latest.provenance if latest and not isinstance(latest.provenance, Unseen) else ()
    # Of several publishers, another repository's comes first: it is the one to look at.
    proof = min(proofs, key=lambda p: is_this_repository(repository, p), default=None)
    return {
        "last_release": latest.version if latest else "",
        "last_release_at": latest.uploaded if latest else None,
        "attested": yes_no(latest.is_attested) if latest else "",
        "publisher_repository": proof.repository if proof else "",
        "publisher_workflow": proof.workflow if proof else "",
        "publisher_environment": proof.environment if proof else "",
        "release_ref": proof.ref if proof else "",
        "release_event": proof.event if proof else "",
        "release_runner": proof.runner if proof else "",
        "release_run": proof.run_url if proof else "",
        "has_evidence": found is not None,
    }


def _publisher_form(audit: Audit, status: PackageStatus) -> str:
    """The prefilled form that a finding about one of the package's publications links to."""
    for found in all_findings(audit):
        of = found.finding.publication
        if of is None or of.key in status.publications:
            for link in found.links:
                if link.kind == "publisher":
                    return link.url
    return ""


def use_row(use: Use) -> Row:
    """One use of an action; its line is in `Details`."""
    row = asdict(use)
    row["action_id"] = row.pop("action")
    del row["line"]
    return row
