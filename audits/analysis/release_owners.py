"""Reads from CODEOWNERS who owns the workflows that release a repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from audits.expressions.globs import ruleset_matches
from audits.model.code_owners import PLACES, CodeOwners, OwnersAnswer
from audits.model.repository import Repository
from audits.model.source import GapReason, Snapshot

MOST_PATHS, MOST_OWNERS, MOST_PATTERNS = 10, 20, 5000
"""Files that are looked up, owners that are kept, and patterns with wildcards that are tried:
a file with more of these is not understood, so that no file takes long.
"""

_ANY_WORKFLOW = ".github/workflows/release.yml"
_WORKFLOWS = ".github/workflows/"
_WHOLE = frozenset({"files", "repository", "root folder", ".github", "docs"})
"""Subjects of gaps that may hide the file."""
_BROKEN = frozenset({GapReason.INVALID, GapReason.TOO_LARGE, GapReason.UNSUPPORTED})

_WORD = re.compile(r"(?:\\.|[^\s\\]|\\(?=$))+")
_OWNER = re.compile(r"@[\w-]{1,100}(?:/[\w.-]{1,100})?|[^\s@|,<>]{1,64}@[^\s@|,<>]{1,190}")


class OwnersRule(Struct, frozen=True, kw_only=True):
    """One line: the files that ``pattern`` takes belong to ``owners``, to nobody if empty."""

    pattern: str
    owners: tuple[str, ...] = ()

    @property
    def has_wildcards(self) -> bool:
        """Whether the pattern is more than a path or a name."""
        return any(sign in self.pattern for sign in "*?\\")

    def takes(self, path: str) -> bool:
        """Whether a file, by its path from the root, belongs to this line.

        As in ``.gitignore``, a name without a slash is found in any folder, and a folder stands
        for all below it; but ``folder/*`` is only what lies directly there.
        """
        body = self.pattern.strip("/")
        anchored = "/" in self.pattern.rstrip("/")
        segments = path.split("/")
        last = len(segments) + (0 if self.pattern.endswith("/") else 1)
        first = len(segments) if anchored and body.rpartition("/")[2] == "*" else 1
        if not self.has_wildcards:
            wanted = body.split("/")
            if not anchored:
                return body in segments[: last - 1]
            return len(wanted) < last and segments[: len(wanted)] == wanted
        whole = body.replace("[", r"\[") if anchored else f"**/{body}".replace("[", r"\[")
        parts = ("/".join(segments[:n]) for n in range(first, last))
        return any(ruleset_matches(whole, part) for part in parts)


def rules_of(text: str) -> tuple[OwnersRule, ...]:
    """The lines of a CODEOWNERS file that GitHub goes by: it skips those with an owner that is
    no name or address, and those that begin with ``!``.

    https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-syntax
    """
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        words = _words(line)
        if not words or words[0].startswith("!") or not words[0].strip("/"):
            continue
        if all(_OWNER.fullmatch(word) for word in words[1:]):
            found.append(OwnersRule(pattern=words[0], owners=tuple(words[1:])))
    return tuple(found)


def _words(line: str) -> list[str]:
    """The pattern and owners of a line, up to its comment."""
    words: list[str] = []
    for match in _WORD.finditer(line):
        if match[0].startswith("#"):
            break
        words.append(match[0])
    return words


def owners_of(rules: Sequence[OwnersRule], path: str) -> tuple[str, ...]:
    """The owners of a file: the last line that takes it decides."""
    return next((rule.owners for rule in reversed(rules) if rule.takes(path)), ())


def code_owners(repository: Repository) -> CodeOwners:
    """Whom to ask about a repository's releases: the owners of the workflows that publish, else
    of all its workflows, else of any workflow that it would have.
    """
    snapshot = repository.snapshot
    texts = {file.path: file.text for file in snapshot.files}
    gaps = {gap.subject: gap.reason for gap in snapshot.gaps}
    for place in PLACES:
        if place in texts:
            return _found(texts[place], _release_paths(repository, texts))
        if place in gaps:
            broken = gaps[place] in _BROKEN
            return CodeOwners(answer=OwnersAnswer.UNREADABLE if broken else OwnersAnswer.NOT_READ)
    return CodeOwners(answer=_unseen(snapshot, gaps))


def _unseen(snapshot: Snapshot, gaps: Iterable[str]) -> OwnersAnswer:
    hidden = snapshot.alone or not _WHOLE.isdisjoint(gaps)
    return OwnersAnswer.NOT_READ if hidden else OwnersAnswer.ABSENT


def _release_paths(repository: Repository, known: Iterable[str]) -> list[str]:
    mine = set(known)
    released = {publication.workflow.path for publication in repository.publications}
    workflows = {path for path in mine if path.startswith(_WORKFLOWS) and path.endswith("ml")}
    return sorted(released & mine or workflows)[:MOST_PATHS] or [_ANY_WORKFLOW]


def _found(text: str, paths: Iterable[str]) -> CodeOwners:
    rules = rules_of(text)
    if sum(rule.has_wildcards for rule in rules) > MOST_PATTERNS:
        return CodeOwners(answer=OwnersAnswer.UNREADABLE)
    owners = tuple(dict.fromkeys(owner for path in paths for owner in owners_of(rules, path)))
    answer = OwnersAnswer.OWNED if owners else OwnersAnswer.UNOWNED
    return CodeOwners(answer=answer, owners=owners[:MOST_OWNERS])
