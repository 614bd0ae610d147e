"""How rulesets and environments' protection are answered by the loopback's GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.collect.github.world import Environment, Repo, Ruleset

Value = Any
"""What a resolver takes and gives; graphql-core checks it against the schema."""


def connection(items: Sequence[Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """One page of a list; a cursor is the place of an item in it, made opaque."""
    start = int(args["after"].removeprefix("cursor:")) if args.get("after") else 0
    size = args.get("first") or args.get("last") or 0
    chosen = items[start : start + size]
    end = start + len(chosen)
    return {
        "nodes": chosen,
        "totalCount": len(items),
        "pageInfo": {
            "endCursor": f"cursor:{end}" if chosen else None,
            "startCursor": f"cursor:{start}" if chosen else None,
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
        },
    }


def protection(environment: Environment, args: Mapping[str, Any]) -> Value:
    rules = []
    base = {"timeout": 0, "preventSelfReview": None, "reviewers": 0}
    if environment.reviewers:
        rules.append(
            {
                **base,
                "databaseId": environment.number + 100_000,
                "type": "REQUIRED_REVIEWERS",
                "preventSelfReview": environment.prevent_self_review,
                "reviewers": environment.reviewers,
            }
        )
    if environment.wait_minutes:
        rules.append(
            {
                **base,
                "databaseId": environment.number + 200_000,
                "type": "WAIT_TIMER",
                "timeout": environment.wait_minutes,
            }
        )
    if environment.policy:
        rules.append({**base, "databaseId": environment.number + 300_000, "type": "BRANCH_POLICY"})
    return connection(rules, args)


def reviewers(rule: Mapping[str, Any], args: Mapping[str, Any]) -> Value:
    teams = [
        {"typename": "Team", "id": f"T_{i}", "slug": f"team-{i}"} for i in range(rule["reviewers"])
    ]
    return connection(teams, args)


def collaborators(repo: Repo, args: Mapping[str, Any]) -> Value:
    """A page of the people of a repository, with where their role comes from."""
    page = connection(repo.people, args)
    owner = repo.owner.login if repo.owner else ""
    edges = []
    for person in page.pop("nodes"):
        source: dict[str, object] = {"typename": "Repository"}
        if person.team:
            slug = f"{owner}/{person.team}"
            source = {"typename": "Team", "id": "T", "slug": person.team, "combinedSlug": slug}
        kind = {"MAINTAIN": "WRITE", "TRIAGE": "READ"}.get(person.role, person.role)
        edges.append(
            {
                "permission": person.role,
                "permissionSources": [{"permission": kind, "source": source}],
            }
        )
    return {"edges": edges, **page}


def rulesets(repo: Repo, args: Mapping[str, Any]) -> Value:
    own = [(r, repo) for r in repo.rulesets]
    parents = [(r, repo.owner) for r in repo.owner.rulesets] if repo.owner else []
    targets = args.get("targets")
    return connection(
        [
            {"ruleset": r, "source": source, "typename": "RepositoryRuleset"}
            for r, source in (*own, *(parents if args.get("includeParents") else ()))
            if targets is None or r.target in targets
        ],
        args,
    )


def _rule(ruleset: Ruleset, kind: str) -> dict[str, Any]:
    parameters: dict[str, object] | None = None
    if kind == "PULL_REQUEST":
        parameters = {
            "typename": "PullRequestParameters",
            "requireCodeOwnerReview": ruleset.code_owners,
            "requireLastPushApproval": False,
            "requiredApprovingReviewCount": ruleset.approvals,
        }
    elif kind == "UPDATE":
        parameters = {"typename": "UpdateParameters", "updateAllowsFetchAndMerge": False}
    return {"id": kind, "type": kind, "parameters": parameters}


def ruleset_field(value: Value, name: str, args: Mapping[str, Any]) -> Value:
    ruleset: Ruleset = value if isinstance(value, Ruleset) else value["ruleset"]
    if name == "bypassActors":
        blank = {
            "bypassMode": "ALWAYS",
            "organizationAdmin": False,
            "deployKey": False,
            "repositoryRoleName": None,
            "actor": None,
        }
        return connection([{"id": "B", **blank, **a} for a in ruleset.bypass], args)
    if name == "rules":
        return connection([_rule(ruleset, r) for r in ruleset.rules], args)
    return {
        "id": f"RRS_{ruleset.number}",
        "databaseId": ruleset.number,
        "name": ruleset.name,
        "enforcement": ruleset.enforcement,
        "target": ruleset.target,
        "updatedAt": ruleset.updated,
        "source": None if isinstance(value, Ruleset) else value["source"],
        "conditions": {"refName": {"include": ruleset.include, "exclude": ruleset.exclude}},
    }[name]
