"""Collects what an audit knows about refs of other repositories, for the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from audits.model.evidence import ResolvedRef
from audits.model.repository import Repository
from audits.store.serialize import dumps

if TYPE_CHECKING:
    from audits.store.write.action_uses import Use


class Reference(Struct, frozen=True, kw_only=True):
    """What ``slug@ref`` resolves to; ``value`` is the whole `ResolvedRef` as JSON."""

    slug: str
    ref: str
    value: str
    newest_release: str
    archived: bool


def references_of(repository: Repository, uses: list[Use]) -> tuple[Reference, ...]:
    """What is known of the refs that these uses name, each once."""
    return tuple(dict.fromkeys(map(_reference, _resolved(repository, uses))))


def _resolved(repository: Repository, uses: list[Use]) -> Iterator[ResolvedRef]:
    known = repository.references
    if isinstance(known, Mapping):
        for use in uses:
            if use.slug and (found := known.get((use.slug, use.ref))) is not None:
                yield found


# Repositories use the same few actions.
@lru_cache(maxsize=4096)
def _reference(found: ResolvedRef) -> Reference:
    return Reference(
        slug=found.slug,
        ref=found.ref,
        value=dumps(ResolvedRef, found),
        newest_release=found.newest_release,
        archived=found.archived,
    )
