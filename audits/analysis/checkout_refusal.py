"""Decides whether ``actions/checkout`` refuses a fork's code and fails the job.

https://github.blog/changelog/2026-06-18-safer-pull_request_target-defaults-for-github-actions-checkout
"""

from __future__ import annotations

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import Version, parse_version, version_comment, version_of_ref
from audits.model.evidence import ResolvedRef
from audits.model.location import Scalar
from audits.model.platform_facts import CHECKOUT_REFUSES, UNSAFE_CHECKOUT
from audits.model.repository import Repository
from audits.model.uses import Uses
from audits.model.workflow import Step

_BRANCHES = frozenset({"main", "master"})


def is_checkout(step: Step) -> bool:
    """Whether a step is actions/checkout."""
    return step.uses is not None and step.uses.action == CHECKOUT_REFUSES.action


def opt_out(step: Step) -> Scalar | None:
    """The input of a checkout that takes the refusal away, unless it says ``false``."""
    given = step.input(UNSAFE_CHECKOUT) if is_checkout(step) else None
    return None if given is None or given.value.strip().lower() == "false" else given


def refuses_outsiders(repo: Repository, step: Step) -> bool | None:
    """Whether a checkout ends the job rather than fetch a fork's code under
    ``pull_request_target``, or under a ``workflow_run`` that a pull request set off.

    None for a commit whose version nothing tells. False for all that is no actions/checkout,
    and where `opt_out` is given.
    """
    uses = step.uses
    if uses is None or not is_checkout(step) or opt_out(step) is not None:
        return False
    known = repo.reference(uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    version = parse_version(today) or _written(uses)
    if version is not None and not (uses.is_pinned and version.is_partial):
        return _covers(repo, version)
    return True if uses.ref in _BRANCHES else None


def _written(uses: Uses) -> Version | None:
    return version_of_ref(version_comment(uses.comment) if uses.is_pinned else uses.ref)


def _covers(repo: Repository, version: Version) -> bool | None:
    numbers = version.numbers
    if len(numbers) == 1:
        return CHECKOUT_REFUSES.covers_major(numbers[0], repo.as_of)
    # v4.4 names the newest release of that line, all of which have it if the first one has.
    major, minor, patch = (*numbers, 0, 0)[:3]
    return CHECKOUT_REFUSES.covers((major, minor, patch))
