"""Audits made ready to be recorded, wherever they are made."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from audits.check import all_checks
from audits.model.score import Audit
from audits.store.said import Said, said_by
from audits.store.words import title_of
from audits.workflow.package_evidence import packages_to_ask


class Told(Struct, frozen=True, kw_only=True):
    """What one audit tells the store, and the registries that its packages are asked of."""

    said: Said
    registries: frozenset[str]


def tell(audit: Audit) -> Told:
    """All that is recorded of an audit."""
    asked = packages_to_ask(audit.repository)
    return Told(said=said_by(audit, title), registries=frozenset(name for name, _ in asked))


def title(check: str) -> str:
    """What a check, or another analyser's rule, is called."""
    return titles().get(check) or title_of(check)


@cache
def titles() -> dict[str, str]:
    """Titles of our own checks by id."""
    return {check.id: check.title for check in all_checks()}
