"""Edits that pin an action to a commit and name its version in a comment."""

from __future__ import annotations

from audits.analysis.action_versions import parse_version, version_comment
from audits.fixes.edits import replace
from audits.model.outcome import Edit
from audits.model.source import SourceFile
from audits.model.uses import Uses


def pin_edits(source: SourceFile | None, uses: Uses, commit: str, tag: str) -> tuple[Edit, ...]:
    """Pin a ``uses:`` to a commit, with its version in a comment that update bots keep.

    () where the version is not known, or where a comment cannot follow on the line.
    """
    if source is None or not tag or parse_version(tag) is None:
        return ()
    raw = source.text[uses.raw.start : uses.raw.end]
    mark = raw.rfind("@")
    if mark < 0 or raw[mark + 1 :].rstrip("\"'") != uses.ref:
        return ()
    start = uses.raw.start + mark + 1
    comment = comment_edits(source, uses, tag)
    if not comment:
        return ()
    return (replace(source, start, start + len(uses.ref), commit), *comment)


def comment_edits(source: SourceFile, uses: Uses, tag: str) -> tuple[Edit, ...]:
    """Make the comment behind a ``uses:`` name this version; other words in it stay."""
    start, end = uses.comment_start, uses.comment_end
    if start == end:
        line_end = source.text.find("\n", uses.raw.end)
        rest = source.text[uses.raw.end : None if line_end < 0 else line_end]
        if rest.strip():
            return ()  # the rest of a mapping in braces: a comment would swallow it
        return (replace(source, uses.raw.end, uses.raw.end, f" # {tag}"),)
    old = version_comment(uses.comment)
    text = source.text[start:end]
    if old:
        at = start + text.rfind(old)
        return (replace(source, at, at + len(old), tag),)
    return (replace(source, start, start, f"# {tag} "),)
