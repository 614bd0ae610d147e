"""Proves that edits change what they are about, and nothing else that this program can see.

The node trees of a file before and after are compared: every value outside an edit stands
under the same keys as before. Then the audits are compared: the findings are gone, none of medium
severity or more is new, no score falls, and publications are the same, with the same credentials
unless the edit is about those.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from audits.model.edit_plan import EditSet
from audits.model.outcome import Area, Edit, Severity
from audits.model.remember import remembered
from audits.model.score import Audit, AuditedFinding
from audits.model.source import SourceFile
from audits.workflow.parse import nodes
from audits.workflow.parse.nodes import Node
from audits.workflow.parse.parse import RefusedError, compose

_MOST_NODES = 100_000


class Leaf(Struct, frozen=True):
    """A scalar, or an empty collection, with the keys that lead to it."""

    trail: tuple[str, ...]
    value: str
    start: int
    end: int

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is written where a value belongs."""
        return self.start == self.end


def tree_fault(before: SourceFile | None, after: SourceFile, edits: Sequence[Edit]) -> str:
    """What edits of a file changed beyond their own places, in words; "" where nothing."""
    try:
        new = tuple(_leaves(after))
    except RefusedError as error:
        return f"the result is no valid file: {error.gap.detail}"
    if before is None:
        return ""
    try:
        old = tuple(_leaves(before))
    except RefusedError as error:
        return f"the file is not valid: {error.gap.detail}"
    moves = _Moves(edits)
    known = {(leaf.start, leaf.trail, leaf.value) for leaf in new}
    for leaf in old:
        if moves.touches(leaf) or (leaf.is_nothing and moves.fills(leaf, new)):
            continue
        if (moves.place(leaf.start), leaf.trail, leaf.value) not in known:
            return f"{'.'.join(leaf.trail)} is not what it was"
    kept = {(moves.place(leaf.start), leaf.trail, leaf.value) for leaf in old}
    for leaf in new:
        if (leaf.start, leaf.trail, leaf.value) not in kept and not moves.is_new(leaf):
            return f"{'.'.join(leaf.trail)} is new outside the edits"
    emptied = _nothings(each for each in new if not moves.is_new(each)) - _nothings(old)
    return f"{'.'.join(next(iter(emptied)))} is left without a value" if emptied else ""


def _nothings(leaves: Iterable[Leaf]) -> Counter[tuple[str, ...]]:
    return Counter(leaf.trail for leaf in leaves if leaf.is_nothing)


class _Moves:
    """Maps offsets of a text to those after some edits."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = sorted(edits, key=lambda edit: edit.start)
        self.ends = [edit.end for edit in self.edits]
        self.growth = [0]
        for edit in self.edits:
            self.growth.append(self.growth[-1] + len(edit.new) - (edit.end - edit.start))
        pairs = zip(self.edits, self.growth, strict=False)
        self.regions = [
            (edit.start + grown, edit.start + grown + len(edit.new)) for edit, grown in pairs
        ]

    def place(self, offset: int) -> int:
        """The new offset of a character that no edit touches."""
        return offset + self.growth[bisect_right(self.ends, offset)]

    def touches(self, leaf: Leaf) -> bool:
        """Whether an edit replaces a part of a leaf, or writes into it."""
        end = max(leaf.end, leaf.start + leaf.is_nothing)
        return any(
            edit.start < end and edit.end > leaf.start
            if edit.start < edit.end
            else leaf.start < edit.start < leaf.end or (leaf.is_nothing and edit.start == end)
            for edit in self.edits
        )

    def fills(self, leaf: Leaf, new: Sequence[Leaf]) -> bool:
        """Whether an edit wrote a value where there was none."""
        depth = len(leaf.trail)
        return any(each.trail[:depth] == leaf.trail and self.is_new(each) for each in new)

    def is_new(self, leaf: Leaf) -> bool:
        """Whether a leaf of the result lies in what an edit wrote, or next to it."""
        return any(leaf.start <= end and leaf.end > start for start, end in self.regions)


def _leaves(source: SourceFile) -> Iterator[Leaf]:
    """The leaves of a file, aliases only where their anchor stands; raises RefusedError."""
    _, root = compose(source)
    text = source.text
    pending: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    seen: set[int] = set()
    while pending and len(seen) < _MOST_NODES:
        node, trail = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        start, end = node.start_mark.index, node.end_mark.index
        if nodes.is_map(node) and node.value:
            pending += [(value, (*trail, str(key.value))) for key, value in node.value]
        elif nodes.is_list(node) and node.value:
            pending += [(value, (*trail, "[]")) for value in node.value]
        else:
            value = node.value if nodes.is_scalar(node) else node.id
            yield Leaf(trail, str(value), start, start + len(text[start:end].rstrip()))


def removal_places(file: SourceFile, edits: Iterable[Edit]) -> frozenset[int]:
    """The innermost mappings that edits take text out of, as offsets of their first characters.

    Two removals from one mapping may leave it empty, though neither does alone.
    """
    removed = [edit for edit in edits if edit.path == file.path and not edit.new.strip()]
    removed = [edit for edit in removed if edit.old.strip()]
    if not removed:
        return frozenset()
    try:
        _, root = compose(file)
    except RefusedError:
        return frozenset()
    return frozenset(_innermost(root, edit) for edit in removed)


def _innermost(root: Node, edit: Edit) -> int:
    found = root.start_mark.index
    for node in _collections(root):
        start, end = node.start_mark.index, node.end_mark.index
        line = edit.start + len(edit.old) - len(edit.old.lstrip())
        if nodes.is_map(node) and start <= line < end and start >= found:
            found = start
    return found


def _collections(root: Node) -> Iterator[Node]:
    pending, seen = [root], {id(root)}
    while pending and len(seen) < _MOST_NODES:
        node = pending.pop()
        yield node
        for part in nodes.parts(node):
            if part.id != "scalar" and id(part) not in seen:
                seen.add(id(part))
                pending.append(part)


# At the beginning of a value; `2>&1` and `a && b` are none. What stands before is looked at last,
# as a pattern that begins with a letter is found faster.
_ANCHOR = re.compile(r"&(?<![^\s\[{,:]&)(?=[^\s&,\[\]{}])([\w-]*)")


def shared_spans(file: SourceFile) -> tuple[tuple[int, int], ...]:
    """The spans of nodes that aliases use again: a change there is made in several places."""
    if not any(f"*{name}" in file.text for name in set(_ANCHOR.findall(file.text))):
        return ()
    return _shared_spans(file.text, file.path, file.oid)


@remembered(256)
def _shared_spans(text: str, path: str, oid: str) -> tuple[tuple[int, int], ...]:
    try:
        _, root = compose(SourceFile(path=path, text=text, oid=oid))
    except RefusedError:
        return ()
    uses: Counter[int] = Counter()
    spans: dict[int, tuple[int, int]] = {}
    for node in _collections(root):
        for part in nodes.parts(node):
            uses[id(part)] += 1
            spans[id(part)] = (part.start_mark.index, part.end_mark.index)
    return tuple(spans[name] for name, number in uses.items() if number > 1)


def audit_fault(before: Audit, after: Audit, made: Sequence[EditSet]) -> str:
    """What speaks against some edit sets in the audit after them, in words; "" where nothing."""
    old, new = _marks(before), _marks(after)
    for mark, number in Counter(_mark(f) for each in made for f in each.findings).items():
        if new[mark] > old[mark] - number:
            return f"{mark[0]} is still found in {mark[1]}"
    graver = _marks(after, Severity.MEDIUM) - _marks(before, Severity.INFO)
    if graver:
        check, path, _ = next(iter(graver))
        return f"{check} is new in {path}"
    gaps = {(gap.subject, gap.reason) for gap in before.repository.gaps}
    for gap in after.repository.gaps:
        if (gap.subject, gap.reason) not in gaps:
            return f"{gap.subject} cannot be read as before: {gap.detail}"
    if _publishes_otherwise(before, after, made):
        return "what is published, or with which credential, is not what it was"
    return _score_fault(before, after)


def _publishes_otherwise(before: Audit, after: Audit, made: Sequence[EditSet]) -> bool:
    """Whether publications or their credentials differ in more than the edits are about."""
    found = [each for some in made for each in some.findings]
    about_trust = any(_area(before, each) is Area.TRUSTED_PUBLISHER for each in found)
    old, new = _publications(before, about_trust), _publications(after, about_trust)
    # Of two paths of one package, the edit of this check takes one away.
    one_less = any(each.check == "mixed-credentials" for each in found)
    return bool(new - old) or (bool(old - new) and not one_less)


def _marks(audit: Audit, least: Severity = Severity.INFO) -> Counter[tuple[str, str, str]]:
    found = (*audit.findings, *audit.beyond)
    return Counter(_mark(each) for each in found if each.severity >= least)


def _mark(found: AuditedFinding) -> tuple[str, str, str]:
    """A key of a finding that moving it within its file does not change."""
    finding = found.finding
    return found.check, finding.at.path, finding.anchor or found.excerpt


def _area(audit: Audit, found: AuditedFinding) -> Area | None:
    return next((r.area for r in audit.results if r.check == found.check), None)


def _publications(audit: Audit, about_trust: bool) -> Counter[tuple[object, ...]]:
    return Counter(
        (
            p.registry,
            p.channel,
            p.packages,
            p.mechanism,
            ()
            if about_trust
            else (p.auth, tuple(c.secret or c.name for c in p.stored_credentials)),
        )
        for p in audit.publications
    )


def _score_fault(before: Audit, after: Audit) -> str:
    for old, new in ((before.score, after.score), (before.strict_score, after.strict_score)):
        if old.points is not None and (new.points is None or new.points < old.points):
            return f"the score falls from {old.points:g} to {new.points or 0:g}"
    return ""
