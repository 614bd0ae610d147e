"""Applies all safe edits of real repositories together, and measures what becomes of them.

    python -m tests.benchmarks.edits FOLDER [--unsafe] [--all] [--out DIR]

FOLDER holds owners, each with repositories. Printed are the edits made and left by check, rounds,
points and grades before and after, and what keeps the rest from an A. Three faults end it with 1:
an edit that failed its proof, a job that lost a right which a step of it is known to use, and an
identity that no job asked for before. ``--out`` writes the new files and one patch, to be given
to GitHub's own parser (``@actions/workflow-parser`` of npm) and to be read.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from audits.analysis.known_actions import scope_use
from audits.cli.plan import make_plan
from audits.collect.folder.collector import read_apart
from audits.fixes.patch import patch
from audits.model.edit_plan import EditPlan, LeftReason
from audits.model.repository import Repository
from audits.model.score import Grade
from audits.model.source import RepositoryRef
from audits.model.workflow import Job, Level, PermissionsState, Workflow
from audits.pipeline.edit_plan import FixChoice, plan_edits
from audits.pipeline.run import audit_batch

_INDEX = "https://pypi.example/simple/"
_RANK = (Level.NONE, Level.READ, Level.WRITE)


class Tally(Struct):
    """What was counted over all repositories."""

    repositories: int = 0
    changed: int = 0
    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    rounds: Counter[int] = field(default_factory=Counter)
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: list[tuple[float, float]] = field(default_factory=list)
    short_of_a: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Measure the repositories of a folder of owners."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unsafe", action="store_true")
    parser.add_argument("--all", action="store_true", dest="everything")
    parser.add_argument("--out", type=Path)
    words = parser.parse_args()
    plan = make_plan(index_url=_INDEX, engine=False, everything=words.everything)
    tally = Tally()
    for root in _repositories(words.folder):
        ref = RepositoryRef(owner=root.parent.name, name=root.name)
        (audit,) = audit_batch((read_apart(root, ref),), plan)
        made = plan_edits(audit, plan, FixChoice(review=words.unsafe))
        _count(tally, made)
        if words.out is not None:
            _write(words.out, str(ref), made)
    _print(tally)
    sys.exit(bool(tally.faults))


def _repositories(folder: Path) -> Iterator[Path]:
    for owner in sorted(folder.iterdir()):
        if owner.is_dir() and not owner.name.startswith(("_", ".")):
            yield from sorted(path for path in owner.iterdir() if path.is_dir())


def _count(tally: Tally, made: EditPlan) -> None:
    before, after = made.before.score, made.after.score
    tally.repositories += 1
    tally.changed += bool(made.files)
    tally.rounds[made.rounds] += 1
    tally.made.update((found.check, each.kind) for each in made.made for found in each.findings)
    tally.left.update((each.finding.check, each.reason) for each in made.left)
    tally.grades[before.grade, after.grade] += 1
    if before.points is not None and after.points is not None:
        tally.points.append((before.points, after.points))
        if after.grade is not Grade.A:
            tally.short_of_a.update(step.check for step in after.steps)
    name = str(made.before.repository.ref)
    tally.faults += [
        f"{name}: {each.finding.check}: {each.why}"
        for each in made.left
        if each.reason is LeftReason.NOT_PROVED
    ]
    tally.faults += [f"{name}: {fault}" for fault in _right_faults(made)]


def _right_faults(made: EditPlan) -> Iterator[str]:
    """Jobs that lost a right which they are known to use, or were given an identity."""
    old, new = made.before.repository, made.after.repository
    for workflow, job in _jobs(old):
        same = next((w for w in new.workflows if w.path == workflow.path), None)
        after = same.job(job.id) if same is not None else None
        if same is None or after is None:
            continue
        for scope, level in scope_use(old, workflow, job).used.items():
            had, has = _level(workflow, job, scope), _level(same, after, scope)
            wanted = min(level, had, key=_RANK.index)
            if _RANK.index(has) < _RANK.index(wanted) and scope not in {"id-token", "attestations"}:
                yield f"{workflow.path} {job.id} loses {scope}: {wanted}"
        granted = any(
            found.check in {"oidc-not-granted", "long-lived-token", "mixed-credentials"}
            for each in made.made
            for found in each.findings
        )
        levels = [_level(workflow, job, "id-token"), _level(same, after, "id-token")]
        if not granted and levels[0] is not Level.WRITE and levels[1] is Level.WRITE:
            yield f"{workflow.path} {job.id} is given an identity"


def _jobs(repository: Repository) -> Iterator[tuple[Workflow, Job]]:
    for workflow in repository.workflows:
        for job in workflow.live_jobs:
            yield workflow, job


def _level(workflow: Workflow, job: Job, scope: str) -> Level:
    """What a job has; without any block what the broad default gives, which is no identity."""
    block = job.permissions
    if block.state is PermissionsState.ABSENT:
        block = workflow.permissions
    given = block.level(scope)
    if given is None:
        return Level.NONE if scope == "id-token" else Level.WRITE
    return given


def _write(out: Path, name: str, made: EditPlan) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "all.patch").open("a", encoding="utf-8") as stream:
        stream.write(f"##### {name}\n{patch(made.files)}\n")
    for file in made.files:
        place = out / name / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.text.encode("utf-8"))


def _print(tally: Tally) -> None:
    lines = [f"{tally.repositories} repositories, {tally.changed} changed"]
    lines.append(
        "rounds: " + ", ".join(f"{k} in {n} repositories" for k, n in sorted(tally.rounds.items()))
    )
    for title, counted in (("made", tally.made), ("left", tally.left)):
        lines += ["", title, *(f"  {n:5}  {a}  {b}" for (a, b), n in sorted(counted.items()))]
    if tally.points:
        before = sum(old for old, _ in tally.points) / len(tally.points)
        after = sum(new for _, new in tally.points) / len(tally.points)
        lines += ["", f"points: {before:.1f} → {after:.1f} over {len(tally.points)} repositories"]
    lines += [f"  {n:4}  {a} → {b}" for (a, b), n in sorted(tally.grades.items())]
    kept = ", ".join(f"{check} {n}" for check, n in tally.short_of_a.most_common(12))
    lines += ["", f"short of an A for: {kept}", "", f"faults: {len(tally.faults)}", *tally.faults]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
