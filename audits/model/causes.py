"""Causes of a change of score, with a sentence for each."""

from __future__ import annotations

from enum import StrEnum

from audits.model.wording import and_list


class Cause(StrEnum):
    """What provably differs between two scans of a repository whose score changed.

    ``PLATFORM``: a dated fact of GitHub or a registry began between the days of the scans.
    ``UNKNOWN`` where nothing that is recorded differs.
    """

    RULES = "rules"
    PLATFORM = "platform"
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
    Cause.PLATFORM: "a rule of GitHub or of a registry took effect",
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


def rules_cause(before: str, after: str) -> Cause | None:
    """What of the rules differs between two of their digests (`audits.scoring.policy`): the rules,
    the platform's dated facts alone, or nothing.
    """
    if before.partition("-")[0] != after.partition("-")[0]:
        return Cause.RULES
    return None if before == after else Cause.PLATFORM


def cause_words(cause: str) -> str:
    """Causes, joined by "; " where there are several, within a sentence: "the rules
    changed and a setting changed".
    """
    words = [_WORDS[Cause(word)] if word in _WORDS else word for word in cause.split("; ")]
    return and_list(words)


def cause_clause(cause: str) -> str:
    """The causes as the end of a sentence about a score: ", as the rules changed"."""
    joint = ";" if cause.startswith(Cause.UNKNOWN) else ", as"
    return f"{joint} {cause_words(cause)}"
