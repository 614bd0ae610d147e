"""Edits that pin an action to a commit and name its version in a comment."""

from __future__ import annotations

import re

from msgspec import Struct

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import parse_version, version_comment, version_of_ref
from audits.fixes.edits import replace
from audits.model.evidence import ImageDigest, ResolvedRef
from audits.model.location import Scalar
from audits.model.outcome import Edit, FixKind
from audits.model.repository import NO_IMAGES
from audits.model.settings import Unseen
from audits.model.source import SourceFile
from audits.model.uses import Uses

# The action's own name with a version, which update bots do not keep.
_NAMED = re.compile(r"#\s*[\w.-]+(?:/[\w.-]+)+@\S+")
_ASK_ONLINE = "`release-audit fix --online` makes this edit: only {}."


class ActionPin(Struct, frozen=True):
    """The edits that pin an action, how sure they are, and what to look at."""

    edits: tuple[Edit, ...] = ()
    fix: FixKind | None = None
    advice: str = ""


def pin_of(source: SourceFile | None, uses: Uses, known: ResolvedRef | Unseen) -> ActionPin:
    """Pin what a ref is today where a version names the same commit: nothing else runs then.

    A branch of a major version whose tip is no release is offered the newest release, to be
    reviewed; other branches are left to a person.
    """
    if uses.quoted_comment:
        edits = _comment_moved_out(source, uses)
        return ActionPin(edits, advice="" if edits else "Write the comment behind the quotes.")
    if isinstance(known, Unseen):
        return ActionPin(advice=_ASK_ONLINE.format("GitHub knows the commit"))
    if known.commit is None:
        return ActionPin(advice=f"`{uses.ref}` does not exist in {known.slug}.")
    if known.archived:
        return ActionPin(advice=f"{known.slug} is archived: look for another action.")
    tag = version_today(known)
    if edits := pin_edits(source, uses, known.commit, tag):
        return ActionPin(edits)
    if tag:
        return ActionPin(advice="A comment with the version has no place on this line.")
    series, newest = version_of_ref(uses.ref), parse_version(known.newest_release)
    if series is None or newest is None or series.major != newest.major:
        return ActionPin(advice=f"No version names the commit of `{uses.ref}`: choose a release.")
    edits = pin_edits(source, uses, known.newest_release_commit, known.newest_release)
    return ActionPin(
        edits if known.newest_release_commit else (), FixKind.REVIEW, _apart(uses, known)
    )


def pin_image(
    source: SourceFile | None, written: Scalar, image: str, known: ImageDigest | Unseen
) -> ActionPin:
    """The edit that puts the digest of today behind an image's tag, to be reviewed."""
    if isinstance(known, Unseen):
        if known is NO_IMAGES:
            return ActionPin(advice=_ASK_ONLINE.format("the registry knows the digest"))
        return ActionPin(advice=f"The digest is not known: {known.reason}.")
    if known.digest is None:
        return ActionPin(advice=f"`{image}` is not in its registry.")
    quotes = 1 if written.style in {"'", '"'} else 0
    end = written.end - quotes
    if source is None or not source.text.endswith(image, 0, end):
        return ActionPin(advice="The file writes the image in another way: pin it by hand.")
    advice = (
        f"The digest is what `{image}` is today. Does a bot renew it, and does its registry keep "
        "images that no tag names any more?"
    )
    return ActionPin(
        (replace(source, end - len(image), end, f"{image}@{known.digest}"),), FixKind.REVIEW, advice
    )


def _apart(uses: Uses, known: ResolvedRef) -> str:
    """How far the tip of a branch and the newest release are from each other."""
    said = f"`{uses.ref}` is not the release {known.newest_release}"
    if known.ahead_by is not None and known.behind_by is not None:
        commits = "1 commit" if known.ahead_by == 1 else f"{known.ahead_by} commits"
        commits += f" ahead of it and {known.behind_by} behind"
        return f"{said}: it is {commits}. What came between them?"
    if known.committed_at is None or known.newest_release_at is None:
        return f"{said}: what came between them?"
    days = (known.committed_at - known.newest_release_at).days
    when = f"{'1 day' if abs(days) == 1 else f'{abs(days)} days'} {'younger' if days >= 0 else 'older'} than"
    return f"{said}: its tip is {when} that release. What came between them?"


def _comment_moved_out(source: SourceFile | None, uses: Uses) -> tuple[Edit, ...]:
    """Move a comment out of the quotes that make it part of the ref; () where another follows, or
    where it would swallow the rest of a mapping in braces.
    """
    raw = uses.raw
    mark = raw.style if raw.style in {"'", '"'} else ""
    if source is None or not mark or uses.comment_start != uses.comment_end:
        return ()
    line_end = source.text.find("\n", raw.end)
    if source.text[raw.end : None if line_end < 0 else line_end].strip():
        return ()
    start = source.text.find(uses.quoted_comment, raw.start, raw.end)
    kept = source.text[raw.start : start].rstrip() if start >= 0 else ""
    if not kept or source.text[start : raw.end] != uses.quoted_comment + mark:
        return ()
    comment = f"{mark} {uses.quoted_comment}"
    return (replace(source, raw.start + len(kept), raw.end, comment),)


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
    if _NAMED.fullmatch(text):
        return (replace(source, start, end, f"# {tag}"),)
    if old:
        at = start + text.rfind(old)
        return (replace(source, at, at + len(old), tag),)
    return (replace(source, start, start, f"# {tag} "),)
