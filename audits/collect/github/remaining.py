"""Asks GitHub how many requests a credential has left of the hour; asking is free."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.responses import Number, read_as

_ENOUGH = 1000
"""Requests that are enough for a page of a hundred repositories, even if all of them publish."""
_KINDS = ("graphql", "rest")


class _Remaining(Struct, frozen=True):
    remaining: Number


class _Resources(Struct, frozen=True):
    core: _Remaining
    graphql: _Remaining


class _RateLimit(Struct, frozen=True):
    resources: _Resources


def limits_of(client: GitHubClient) -> Mapping[str, int]:
    """GraphQL points (``graphql``) and REST requests (``rest``) that are left; nothing where
    there is no limit, as on an Enterprise Server, or it is not known. GitHubError where the
    credential is not accepted.

    https://docs.github.com/en/rest/rate-limit/rate-limit
    """
    try:
        found = read_as(_RateLimit, client.get("/rate_limit").body).resources
    except GitHubError:
        if client.is_refused:
            raise
        return {}
    return {"rest": found.core.remaining, "graphql": found.graphql.remaining}


def left_of(client: GitHubClient) -> float:
    """What a client's credential has left of the hour, of the kind of which less is left: asked
    where few are known to be left, infinite without limits, 0 while GitHub lets it send nothing.
    GitHubError where it is not accepted.
    """
    if client.pacer.held_for:
        return 0.0
    known = client.pacer.left
    if len(known) < len(_KINDS) or min(known.values()) < _ENOUGH:
        known.update(limits_of(client))
    return min(known.values(), default=math.inf)
