"""Asks GitHub how many requests a credential has left of the hour; asking is free."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.responses import Number, read_as


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
