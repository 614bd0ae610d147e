"""Reads what the actions and workflows of others use themselves, level by level.

A file is read at the commit that its ref is today, where that is known: what a commit holds
never changes, and is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from audits.collect import paths
from audits.collect.github.callees import Callee, CalleeReader
from audits.model.evidence import ResolvedRef
from audits.model.source import Gap, SourceFile
from audits.model.uses import Uses, UsesKind

_DEEPEST = 10
"""Levels of composite actions that GitHub runs inside each other:
https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
"""
_MOST_FILES = 2_000
"""Of one run; the actions of a thousand real repositories are some hundreds."""


class OpenedActions:
    """Opens what a ``uses:`` of any owner leads to, once in a run."""

    def __init__(self, reader: CalleeReader) -> None:
        self._reader = reader
        self._left = _MOST_FILES

    def read(
        self, uses: Iterable[Uses], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files by ``owner/repo[/path]@ref`` as the ``uses:`` names them, the action in lower
        case; a gap where one was refused or is not there. What is beyond the bounds is left out.
        """
        wanted = {_name(c): c for c in map(_callee, uses) if c is not None}
        found: dict[str, SourceFile | Gap] = {}
        for _ in range(_DEEPEST):
            level = {name: c for name, c in wanted.items() if name not in found}
            level = dict(list(level.items())[: self._left])
            if not level:
                break
            self._left -= len(level)
            at = {name: _at_commit(c, references) for name, c in level.items()}
            files = self._reader.files(at.values())
            found |= {name: files[callee] for name, callee in at.items() if callee in files}
            texts = [f.text for name in level if isinstance(f := found.get(name), SourceFile)]
            wanted = {_name(c): c for text in texts for c in _used_by(text)}
        return found


def _callee(uses: Uses) -> Callee | None:
    if uses.kind is not UsesKind.REMOTE or not uses.ref or "${{" in uses.ref:
        return None
    return Callee(f"{uses.owner}/{uses.repo}", uses.path, uses.ref)


def _name(callee: Callee) -> str:
    return f"{callee.key.rpartition('@')[0].lower()}@{callee.ref}"


def _at_commit(callee: Callee, references: Mapping[tuple[str, str], ResolvedRef]) -> Callee:
    known = references.get((callee.slug.lower(), callee.ref))
    if known is None or known.commit is None:
        return callee
    return Callee(callee.slug, callee.path, known.commit)


def _used_by(text: str) -> Iterator[Callee]:
    for slug, path, ref in sorted(paths.remote_references(text)):
        if "${{" not in ref:
            yield Callee(slug, path, ref)
