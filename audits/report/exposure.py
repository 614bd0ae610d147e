"""Who can publish each package, as text: the level, the path, its cut, and what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from audits.analysis.exposure.sentences import (
    holds_words,
    level_words,
    needs_of_path,
    state_words,
    writers_words,
)
from audits.model.exposure import Actor, Cut, Exposure, ExposurePath, PathState
from audits.model.score import Audit
from audits.report.escape import code, markdown, printable
from audits.report.phrases import registry_words

Style = Callable[[str, str], str]

_LOUD = {Actor.ANYONE: "critical", Actor.THIRD_PARTY: "medium"}


def exposure_lines(audit: Audit, style: Style) -> Iterator[str]:
    """The section of a report: anyone's paths in full, of all others the level."""
    if not audit.exposure:
        return
    yield ""
    yield style("Who can publish", "strong")
    shown = list(_grouped(audit.exposure))
    several = _several(shown)
    for exposure in shown:
        yield _head(exposure, several, style)
        worst = exposure.worst
        open_to_all = Actor.ANYONE in {exposure.level, exposure.may_be}
        if worst is not None and open_to_all:
            yield from _path_lines([worst], style)
        yield from _ending(exposure)


def who_lines(audit: Audit, style: Style) -> Iterator[str]:
    """Everything that is known of who can publish what, path by path."""
    yield style(printable(str(audit.repository.ref)), "strong")
    if not audit.exposure:
        yield (
            "  No job publishes anything here."
            if not audit.repository.gaps
            else ("  No job was seen to publish anything here; not everything could be read.")
        )
    several = _several(audit.exposure)
    for exposure in audit.exposure:
        yield ""
        yield _head(exposure, several, style)
        for paths in _one_way(exposure.paths):
            yield from _path_lines(paths, style)
        if exposure.more:
            yield f"    and {exposure.more} more paths of the same or more privileged people"
        yield from _ending(exposure)


def _grouped(exposures: Sequence[Exposure]) -> Iterator[Exposure]:
    """Of packages that one publication uploads, the first: their paths are the same."""
    seen = set()
    for exposure in exposures:
        if exposure.publication.key not in seen:
            seen.add(exposure.publication.key)
            yield exposure


def _several(exposures: Sequence[Exposure]) -> set[tuple[str, str]]:
    """The packages that more than one of these publications uploads."""
    counted = Counter((exposure.registry, exposure.package) for exposure in exposures)
    return {package for package, count in counted.items() if count > 1}


def _head(exposure: Exposure, several: set[tuple[str, str]], style: Style) -> str:
    """The package and its level, and the job that publishes it where several do."""
    name = printable(exposure.package) or "(package not found)"
    loud = _LOUD.get(exposure.level, "dim")
    level = style(printable(level_words(exposure)), loud)
    people = writers_words(exposure)
    said = f"  ({people})" if people else ""
    if (exposure.registry, exposure.package) in several:
        publication = exposure.publication
        said += f"  {printable(publication.workflow.path)}, job {printable(publication.job.id)}"
    return f"  {registry_words(exposure)}  {name}  {level}{style(said, 'dim')}"


def _one_way(paths: Sequence[ExposurePath]) -> list[list[ExposurePath]]:
    """The paths, those together that differ only in what the job holds at their end."""
    groups: dict[tuple[object, ...], list[ExposurePath]] = {}
    for path in paths:
        way = tuple((s.kind, s.what, s.at, s.job) for s in path.steps if s.kind != "sink")
        doubts = (path.state, path.holds, path.until, path.accepted, path.sets_level, path.needs)
        groups.setdefault((path.actor, way, path.drain.job, doubts), []).append(path)
    return list(groups.values())


def _path_lines(paths: Sequence[ExposurePath], style: Style) -> Iterator[str]:
    """One way to the registry; ``paths`` differ only in what the job holds."""
    path = paths[0]
    held = "; ".join(dict.fromkeys(each.drain.what for each in paths))
    notes = [text for text in (state_words(path), holds_words(path)) if text]
    if path.accepted:
        notes.append("accepted by a waiver")
    if not path.sets_level:
        notes.append("listed only: it sets no level")
    yield f"    {path.actor}" + (f" ({'; '.join(notes)})" if notes else "")
    for step in path.steps:
        place = style(f"{printable(step.at.path)}:{step.at.line}", "dim")
        yield f"      → {printable(held if step.kind == 'sink' else step.what)}  {place}"
    if path.state is not PathState.SEEN and (needs := needs_of_path(path)):
        yield f"        not seen: {printable(needs)}"


def _ending(exposure: Exposure) -> Iterator[str]:
    cut = exposure.cut
    if cut is not None:
        first, *more = map(_change, cut.cuts)
        yield from (f"    To close it: {first}", *(f"     and {change}" for change in more))
        yield f"    Leaves: {cut.leaves}"
    worst = exposure.worst
    if worst is not None and exposure.level is Actor.UNKNOWN and (needs := needs_of_path(worst)):
        yield f"    Not seen: {printable(needs)}"


def _change(cut: Cut) -> str:
    place = "" if cut.settings else f" ({printable(cut.at.path)}:{cut.at.line})"
    return printable(cut.what) + place


def _markdown_change(cut: Cut) -> str:
    place = "" if cut.settings else f" ({code(f'{cut.at.path}:{cut.at.line}')})"
    return markdown(cut.what) + place


def markdown_lines(audit: Audit) -> Iterator[str]:
    """The section for Markdown, with the worst path of each publication."""
    if not audit.exposure:
        return
    yield "\n## Who can publish\n"
    yield "| registry | package | who | path | cheapest cut | leaves |\n|---|---|---|---|---|---|"
    for exposure in _grouped(audit.exposure):
        name = code(exposure.package) if exposure.package else "not found"
        worst = exposure.worst
        steps = " → ".join(markdown(s.what) for s in worst.steps) if worst is not None else ""
        cut = exposure.cut
        what = "; ".join(map(_markdown_change, cut.cuts)) if cut is not None else ""
        leaves = cut.leaves if cut is not None else ""
        people = writers_words(exposure)
        level = f"**{markdown(level_words(exposure))}**" + (f" ({people})" if people else "")
        registry = registry_words(exposure)
        yield f"| {registry} | {name} | {level} | {steps} | {what} | {leaves} |"
