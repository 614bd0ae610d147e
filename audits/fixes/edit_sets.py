"""Groups the edits of findings into sets that are applied whole, and applies them to texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from audits.model.edit_plan import EditSet
from audits.model.outcome import Edit, FixKind
from audits.model.score import AuditedFinding
from audits.model.source import SourceFile


class MovedTextError(Exception):
    """A file is not the one that an edit was made for."""


def edit_sets(findings: Iterable[AuditedFinding]) -> tuple[EditSet, ...]:
    """The edit sets of findings, the most severe first; the same change is one set.

    A set that is part of another one is merged into it where both are of one kind.
    """
    merged: dict[frozenset[Edit], EditSet] = {}
    for found in findings:
        if found.finding.edits:
            made = _set_of(found)
            key = frozenset(made.edits)
            merged[key] = _merged(merged[key], made) if key in merged else made
    return tuple(sorted(_without_parts(merged), key=_rank))


def _set_of(found: AuditedFinding) -> EditSet:
    edits = tuple(dict.fromkeys(found.finding.edits))
    kind, advice = found.fix or FixKind.REVIEW, found.finding.advice
    return EditSet(edits=edits, findings=(found,), kind=kind, advice=advice)


def _merged(one: EditSet, other: EditSet) -> EditSet:
    review = FixKind.REVIEW in {one.kind, other.kind}
    return EditSet(
        edits=one.edits,
        findings=(*one.findings, *other.findings),
        kind=FixKind.REVIEW if review else FixKind.SAFE,
        advice=one.advice or other.advice,
    )


def _without_parts(sets: Mapping[frozenset[Edit], EditSet]) -> Iterator[EditSet]:
    whole: dict[frozenset[Edit], EditSet] = {}
    # Whatever holds a set holds each of its edits: one of them leads there.
    holders: dict[Edit, list[frozenset[Edit]]] = {}
    for key in sorted(sets, key=len, reverse=True):
        made = sets[key]
        near = holders.get(made.edits[0], ())
        above = next((k for k in near if key < k and whole[k].kind is made.kind), None)
        if above is None:
            whole[key] = made
            for edit in key:
                holders.setdefault(edit, []).append(key)
        else:
            whole[above] = _merged(whole[above], made)
    yield from whole.values()


def _rank(made: EditSet) -> tuple[int, int, str, int]:
    """Severe ones first, of those the largest, then in the order of the text."""
    severity = max(found.severity for found in made.findings)
    return -severity, -len(made.edits), made.edits[0].path, made.edits[0].start


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits cannot both be made at once: they share text, or meet at one point.

    What is inserted at the same place has an order only once one of them is there.
    """
    if one.path != other.path:
        return False
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def new_text(file: SourceFile | None, edits: Sequence[Edit]) -> str:
    """The text of a file, None for one that is created, after edits of it.

    Raises MovedTextError where an edit was made for another text, or where two overlap.
    """
    text, oid = (file.text, file.oid) if file is not None else ("", "")
    ordered = sorted(set(edits), key=lambda edit: (edit.start, edit.end))
    if any(a.end > b.start or a.start == b.start for a, b in pairwise(ordered)):
        raise MovedTextError("two edits overlap")
    parts, at = [], 0
    for edit in ordered:
        if edit.oid != oid or text[edit.start : edit.end] != edit.old:
            raise MovedTextError(f"{edit.path} is not the text that the edit was made for")
        parts += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join((*parts, text[at:]))
