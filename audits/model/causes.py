"""Causes of a change of score, with a sentence for each."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What provably differs between two scans of a repository whose score changed.

    ``UNKNOWN`` where nothing that is recorded differs: the passing of time, say.
    """

    RULES = "rules"
    TOKEN = "token"
    UNREAD = "unread"
    REPOSITORY = "repository"
    SETTING = "setting"
    ACCEPTANCE = "acceptance"
    REFERENCES = "references"
    INDEX = "index"
    ADVISORIES = "advisories"
    UNKNOWN = "unknown"


_WORDS = {
    Cause.RULES: "the rules changed",
    Cause.TOKEN: "what the token can see changed",
    Cause.UNREAD: "something could be read or judged in one of the two scans only",
    Cause.REPOSITORY: "the repository changed",
    Cause.SETTING: "a setting changed",
    Cause.ACCEPTANCE: "a waiver or an accepting comment came or went",
    Cause.REFERENCES: "an action's tag, branch or release changed",
    Cause.INDEX: "the package index changed",
    Cause.ADVISORIES: "the advisories for an action changed",
    Cause.UNKNOWN: "the cause is not known",
}


def cause_words(cause: str) -> str:
    """Causes, joined by "; " where several steps are summed up, as a clause: "the rules
    changed and a setting changed".
    """
    words = [_WORDS[Cause(word)] if word in _WORDS else word for word in cause.split("; ")]
    return " and ".join(words)


def cause_clause(cause: str) -> str:
    """The causes as the end of a sentence about a score: ", as the rules changed"."""
    joint = ";" if cause.startswith(Cause.UNKNOWN) else ", as"
    return f"{joint} {cause_words(cause)}"
