"""Which credentials a checkout leaves in its folder, where whoever gets at the folder reads them.

From version 6 on they are kept outside of it: https://github.com/actions/checkout/pull/2286
"""

from __future__ import annotations

import re

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import version_comment, version_of_ref
from audits.model.evidence import ResolvedRef
from audits.model.repository import Repository
from audits.model.uses import Uses
from audits.model.workflow import Step

PERSISTS = "persist-credentials"
OUTSIDE = 6
"""Since this version the token is kept outside the checkout."""
_SECRET = re.compile(r"secrets\.([\w-]+)|github\.token", re.IGNORECASE)
_BUILT_IN = "github_token"


def credentials_left(repo: Repository, step: Step) -> frozenset[str]:
    """The secrets, in lower case, that a checkout writes into its folder; empty where it writes
    none, or where that is not sure.
    """
    kept = step.input(PERSISTS)
    if (kept is not None and kept.value != "true") or checkout_major(repo, step.uses) >= OUTSIDE:
        return frozenset()
    given = step.input("ssh-key", "token")
    if given is None:
        return frozenset({_BUILT_IN})
    return frozenset((m[1] or _BUILT_IN).lower() for m in _SECRET.finditer(given.value))


def checkout_major(repo: Repository, uses: Uses | None) -> int:
    """The action's major version; 0 where it is not known."""
    if uses is None:
        return 0
    known = repo.reference(uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    named = today or (version_comment(uses.comment) if uses.is_pinned else uses.ref)
    version = version_of_ref(named)
    return 0 if version is None else version.major
