"""The table of paths, and the columns that say who can publish in other tables."""

from __future__ import annotations

from audits.analysis.exposure.sentences import LEVELS
from audits.model.exposure import Actor, Holds, PathState, Sink, WayIn
from audits.model.rows import CutRow, PackageRow, PathRow, RepositoryRow
from audits.report.cells import LIST
from audits.report.phrases import glossary
from audits.report.table import Column, Table
from audits.report.tables.shared import OF_REPOSITORY, of_package, of_repository

_LEVELS = tuple(Actor)
_STEP = " → "


def _where(path: str, line: int) -> str:
    return f" ({path}:{line})" if path else ""


def _steps(row: PathRow) -> str:
    return _STEP.join(f"{step.what}{_where(step.path, step.line)}" for step in row.steps)


def _cut(cut: CutRow) -> str:
    return f"{cut.what}{_where(cut.path, cut.line)}"


PATHS: Table[PathRow] = Table(
    name="paths",
    title="Paths",
    description="One row per path from people to a publication, at most twenty of one publication: those of the least privileged people and the shortest (`packages` counts all). Of packages that one publication uploads together, those of the first.",
    key=("owner", "repository", "publication", "id"),
    references=(OF_REPOSITORY,),
    columns=(
        *of_repository(),
        Column(
            name="publication",
            type="string",
            description="The publication: workflow, job and step.",
            of=lambda r: r.publication,
        ),
        *of_package("Where it uploads to."),
        Column(
            name="id",
            type="string",
            description="Names the path across moved lines and renamed jobs.",
            of=lambda r: r.path_id,
        ),
        Column(
            name="actor",
            type="string",
            description="Who takes it; see 'release-audit explain exposure'.",
            words=_LEVELS,
            of=lambda r: r.actor,
        ),
        Column(
            name="state",
            type="string",
            description="How sure it is: seen, as GitHub makes it by default, or open.",
            words=tuple(PathState),
            of=lambda r: r.state,
        ),
        Column(
            name="holds",
            type="string",
            description="Where it holds on the day that counts.",
            words=tuple(Holds),
            of=lambda r: r.holds,
        ),
        Column(
            name="until",
            type="string",
            description="The day from which it holds only where a policy allows the event; empty: none.",
            of=lambda r: r.until,
        ),
        Column(
            name="sets_level",
            type="boolean",
            description="Whether it counts for the level.",
            of=lambda r: r.sets_level,
        ),
        Column(
            name="way_in",
            type="string",
            description="How people get in.",
            words=tuple(WayIn),
            of=lambda r: r.way_in,
        ),
        Column(
            name="sink",
            type="string",
            description="What the job holds that leads to the release.",
            words=tuple(Sink),
            of=lambda r: r.sink,
        ),
        Column(
            name="starts",
            type="string",
            description="How the release comes about then.",
            of=lambda r: r.starts,
        ),
        Column(
            name="way_in_path",
            type="string",
            description="The file of the way in.",
            of=lambda r: r.way_in_path,
        ),
        Column(
            name="way_in_line", type="integer", description="Its line.", of=lambda r: r.way_in_line
        ),
        Column(name="way_in_job", type="string", description="Its job.", of=lambda r: r.way_in_job),
        Column(
            name="sink_path",
            type="string",
            description="The file of what the job holds.",
            of=lambda r: r.sink_path,
        ),
        Column(name="sink_line", type="integer", description="Its line.", of=lambda r: r.sink_line),
        Column(name="steps", type="string", description="The path in words.", of=_steps),
        Column(
            name="cuts",
            type="string",
            description="Changes, each of which closes it, a list.",
            of=lambda r: LIST.join(map(_cut, r.cuts)),
        ),
        Column(
            name="needs",
            type="string",
            description="What was not seen and bears on it, a list.",
            of=lambda r: LIST.join(r.needs),
        ),
        Column(
            name="finding",
            type="string",
            description="Fingerprint of the finding at the way in; empty: none.",
            of=lambda r: r.finding,
        ),
        Column(
            name="accepted",
            type="boolean",
            description="Whether a waiver accepts it.",
            of=lambda r: r.accepted,
        ),
        Column(
            name="since",
            type="datetime",
            description="When the scan was started that saw it first.",
            of=lambda r: r.since,
        ),
    ),
)

LEVEL_OF_REPOSITORY: tuple[Column[RepositoryRow], ...] = (
    Column(
        name="level",
        type="string",
        description=f"The least privileged who can publish something of it, as seen or by GitHub's defaults; empty: nothing is published. {glossary(LEVELS)}.",
        words=_LEVELS,
        of=lambda r: r.level or None,
    ),
    Column(
        name="may_be",
        type="string",
        description="The same, if what was not seen is at its worst.",
        words=_LEVELS,
        of=lambda r: r.may_be or None,
    ),
)

LEVEL_OF_PACKAGE: tuple[Column[PackageRow], ...] = (
    Column(
        name="level",
        type="string",
        description=f"The least privileged who can publish it, as seen or by GitHub's defaults; empty: not known. {glossary(LEVELS)}.",
        words=_LEVELS,
        of=lambda r: r.level or None,
    ),
    Column(
        name="may_be",
        type="string",
        description="The same, if what was not seen is at its worst.",
        words=_LEVELS,
        of=lambda r: r.may_be or None,
    ),
    Column(
        name="level_accepted",
        type="boolean",
        description="Whether waivers accept every path that makes the level.",
        of=lambda r: r.level_accepted,
    ),
    Column(
        name="holds",
        type="string",
        description="Where the worst path holds; empty: there is none.",
        words=tuple(Holds),
        of=lambda r: r.holds or None,
    ),
    Column(
        name="until",
        type="string",
        description="The day from which it holds only where a policy allows the event; empty: none.",
        of=lambda r: r.until,
    ),
    Column(
        name="paths_anyone",
        type="integer",
        description="Paths of anyone.",
        of=lambda r: r.paths_anyone,
    ),
    Column(
        name="paths_third_party",
        type="integer",
        description="Paths of third parties.",
        of=lambda r: r.paths_third_party,
    ),
    Column(
        name="paths_one_writer",
        type="integer",
        description="Paths of single writers.",
        of=lambda r: r.paths_one_writer,
    ),
    Column(
        name="cut",
        type="string",
        description="The changes of the cheapest cut, a list.",
        of=lambda r: r.cut,
    ),
    Column(
        name="cut_path",
        type="string",
        description="The file of its first change; empty: that is made in settings.",
        of=lambda r: r.cut_path,
    ),
    Column(
        name="cut_line",
        type="integer",
        description="The line of its first change.",
        of=lambda r: r.cut_line,
    ),
    Column(
        name="cut_edits",
        type="integer",
        description="How many changes the cut takes.",
        of=lambda r: r.cut_edits,
    ),
    Column(
        name="cut_leaves",
        type="string",
        description="The level that it leaves.",
        words=_LEVELS,
        of=lambda r: r.cut_leaves or None,
    ),
    Column(
        name="needs",
        type="string",
        description="What was not seen and bears on the worst path.",
        of=lambda r: r.needs,
    ),
    Column(
        name="writers",
        type="integer",
        description="How many people may write to its repository; empty: not known.",
        of=lambda r: r.writers,
    ),
    Column(
        name="writers_unseen",
        type="string",
        description="Why that is not known.",
        of=lambda r: r.writers_unseen,
    ),
)
