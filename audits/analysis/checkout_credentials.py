"""Which credentials a checkout leaves in its folder, where whoever gets at the folder reads them.

From version 6 on they are kept outside of it: https://github.com/actions/checkout/pull/2286
"""

from __future__ import annotations

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import version_comment, version_of_ref
from audits.analysis.exposure.jobs import BUILT_IN, named_secrets
from audits.model.evidence import ResolvedRef
from audits.model.repository import Repository
from audits.model.uses import Uses
from audits.model.workflow import Step

PERSISTS = "persist-credentials"
OUTSIDE = 6
"""Since this version the token is kept outside the checkout."""


def credentials_left(repo: Repository, step: Step) -> frozenset[str]:
    """The secrets, in lower case, that a checkout writes into its folder; empty where it writes
    none, or where that is not sure. The token is written beside an SSH key too, and the key itself
    never: https://github.com/actions/checkout/blob/v5.0.0/src/git-auth-helper.ts
    """
    kept = step.input(PERSISTS)
    persists = kept is None or kept.value.lower() == "true"
    if not persists or action_major(repo, step.uses) >= OUTSIDE:
        return frozenset()
    given = step.input("token")
    return frozenset({BUILT_IN}) if given is None else named_secrets(given.value) - {""}


def action_major(repo: Repository, uses: Uses | None) -> int:
    """The action's major version; 0 where it is not known."""
    if uses is None:
        return 0
    known = repo.reference(uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    named = today or (version_comment(uses.comment) if uses.is_pinned else uses.ref)
    version = version_of_ref(named)
    return 0 if version is None else version.major
