"""Answers GraphQL queries about the invented world, executed by graphql-core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.collect.github.git_objects import Commit, peel
from tests.collect.github.graph_settings import (
    Value,
    collaborators,
    connection,
    protection,
    reviewers,
    ruleset_field,
    rulesets,
)
from tests.collect.github.points import LimitError, Pricing
from tests.collect.github.world import Environment, Owner, Release, Repo, Ruleset, Token, World
from tests.collect.github.writes import CommitRefusedError, commit_on_branch

SAML = {"saml_failure": True}


@cache
def schema() -> GraphQLSchema:
    text = Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    built = build_schema(text)
    for name in (
        "Node",
        "RepositoryOwner",
        "GitObject",
        "RuleSource",
        "DeploymentReviewer",
        "BypassActor",
        "RuleParameters",
        "PermissionGranter",
    ):
        built.type_map[name].resolve_type = lambda value, *_: _typename(value)  # type: ignore[attr-defined]
    return built


def _typename(value: object) -> str:
    if isinstance(value, Owner):
        return value.kind
    if isinstance(value, Mapping):
        return str(value["typename"])
    names = {Repo: "Repository", Ruleset: "RepositoryRuleset", Environment: "Environment"}
    return names.get(type(value)) or str(value.typename)  # type: ignore[attr-defined]


class TypedError(GraphQLError):
    """An error with the ``type`` that GitHub puts beside the message."""

    def __init__(self, kind: str, message: str, *, saml: bool = False) -> None:
        super().__init__(message, extensions=SAML if saml else None)
        self.kind = kind


class Context:
    """One query's world and token; ``rate`` is what the rateLimit field answers."""

    def __init__(self, world: World, token: Token, rate: dict[str, Any]) -> None:
        self.world, self.token, self.rate = world, token, rate

    def sees(self, repo: Repo) -> bool:
        return not repo.hidden and (self.token.private or not repo.private)

    def checked(self, repo: Repo | None, what: str) -> Repo:
        if repo is None or not self.sees(repo):
            raise TypedError("NOT_FOUND", f"Could not resolve to a {what}.")
        if repo.saml:
            raise TypedError("FORBIDDEN", "Resource protected by organization SAML", saml=True)
        return repo


def _repositories(owner: Owner, context: Context, args: Mapping[str, Any]) -> Value:
    chosen = [
        repo
        for repo in sorted(owner.repos, key=lambda r: r.name.lower())
        if context.sees(repo)
        and args.get("isArchived") in (None, repo.archived)
        and args.get("isFork") in (None, repo.fork)
    ]
    # GitHub's cursor holds the name it stopped at, so that nothing shifts by what changes
    last = str(args["after"]).removeprefix("name:") if args.get("after") else ""
    left = [repo for repo in chosen if repo.name.lower() > last]
    page = connection(left, {**args, "after": None})
    page["totalCount"] = len(chosen)
    if page["nodes"]:
        page["pageInfo"]["endCursor"] = f"name:{page['nodes'][-1].name.lower()}"
    return page


def _object(repo: Repo, context: Context, args: Mapping[str, Any]) -> Value:
    if not context.token.may("contents") or repo.disabled:
        return None
    if oid := args.get("oid"):
        found = next((c for c in repo.commits() if c.oid == oid), None)
        return found or repo.blobs().get(oid)
    revision, colon, path = str(args["expression"]).partition(":")
    if colon:
        commit = repo.ref_commit(revision)
        return commit.tree.find(path) if commit else None
    if revision.endswith("^{commit}"):
        return repo.ref_commit(revision.removesuffix("^{commit}"))
    name = next(
        (n for n in (f"refs/tags/{revision}", f"refs/heads/{revision}") if n in repo.refs), ""
    )
    return repo.refs.get(name) or repo.ref_commit(revision)


def _history(commit: Commit, world: World, args: Mapping[str, Any]) -> Value:
    """The commits up to one that changed a path, newest first, between two moments."""
    line: list[Commit] = []
    for repo in world.repositories():
        if commit.oid in repo.ancestors:
            line = list(repo.ancestors.values())
            line = line[: line.index(commit) + 1]
    found, before = [], None
    for each in line:
        there = each.tree.find(args["path"]) if args.get("path") else each
        oid = there.oid if there is not None else None
        if oid != before:
            found.append(each)
        before = oid
    since, until = args.get("since") or "", args.get("until") or "9"
    found = [each for each in found if since <= each.committedDate <= until]
    return connection(sorted(found, key=lambda c: c.when, reverse=True), args)


def _ref(repo: Repo, full: str) -> Value:
    if full not in repo.refs:
        return None
    prefix = "refs/tags/" if full.startswith("refs/tags/") else "refs/heads/"
    return {
        "id": full,
        "name": full.removeprefix(prefix),
        "prefix": prefix,
        "target": repo.refs[full],
    }


def _refs(repo: Repo, args: Mapping[str, Any]) -> Value:
    names = [name for name in repo.refs if name.startswith(args["refPrefix"])]
    names.sort(key=lambda n: (peel(repo.refs[n]).when, n), reverse=True)
    return connection([_ref(repo, name) for name in names], args)


def _collaborators(repo: Repo, context: Context, args: Mapping[str, Any]) -> Value:
    if not context.token.sees_people:
        message = "You do not have permission to view repository collaborators."
        raise TypedError("FORBIDDEN", message)
    return collaborators(repo, args)


def _environment(repo: Repo, context: Context, args: Mapping[str, Any]) -> Value:
    if repo.private and not context.token.may("actions"):
        raise TypedError("FORBIDDEN", "Resource not accessible by integration")
    wanted = args["name"].lower()
    return next((e for e in repo.environments if e.name.lower() == wanted), None)


def _environments(repo: Repo, context: Context, args: Mapping[str, Any]) -> Value:
    if repo.private and not context.token.may("actions"):
        raise TypedError("FORBIDDEN", "Resource not accessible by integration")
    return connection(repo.environments, args)


def _release(repo: Repo, release: Release | None) -> Value:
    if release is None:
        return None
    tag = repo.refs.get(f"refs/tags/{release.tag}")
    return {
        "id": f"RE_{repo.number}",
        "tagName": release.tag,
        "publishedAt": release.published,
        "tagCommit": peel(tag) if tag else None,
    }


_REPOSITORY: dict[str, Callable[[Repo, Context, Mapping[str, Any]], Value]] = {
    "id": lambda repo, context, args: repo.id,
    "databaseId": lambda repo, context, args: repo.number,
    "name": lambda repo, context, args: repo.name,
    "nameWithOwner": lambda repo, context, args: repo.slug,
    "isArchived": lambda repo, context, args: repo.archived,
    "isFork": lambda repo, context, args: repo.fork,
    "isEmpty": lambda repo, context, args: repo.empty,
    "isDisabled": lambda repo, context, args: repo.disabled,
    "visibility": lambda repo, context, args: "PRIVATE" if repo.private else "PUBLIC",
    "viewerPermission": lambda repo, context, args: context.token.role,
    "createdAt": lambda repo, context, args: repo.created,
    "pushedAt": lambda repo, context, args: None,
    "repositoryTopics": lambda repo, context, args: connection(
        [{"id": t, "topic": {"id": t, "name": t}} for t in repo.topics], args
    ),
    "latestRelease": lambda repo, context, args: _release(repo, repo.release),
    "defaultBranchRef": lambda repo, context, args: _ref(repo, f"refs/heads/{repo.branch}"),
    "object": _object,
    "environment": _environment,
    "environments": _environments,
    "rulesets": lambda repo, context, args: rulesets(repo, args),
    "collaborators": _collaborators,
    "ref": lambda repo, context, args: _ref(repo, args["qualifiedName"]),
    "refs": lambda repo, context, args: _refs(repo, args),
}


def resolve(value: Value, info: GraphQLResolveInfo[Context], **args: Value) -> Value:
    """The resolver of every field."""
    name, parent, context = info.field_name, info.parent_type.name, info.context
    if parent == "Query":
        return _query(name, context, args)
    if parent == "Mutation":
        return _mutation(context, args["input"])
    if parent == "Repository":
        return _REPOSITORY[name](value, context, args)
    if parent == "RepositoryRuleset":
        token = context.token
        if name == "bypassActors" and not (token.role == "ADMIN" and token.may("administration")):
            return None  # shown to those alone who may edit the ruleset
        return ruleset_field(value, name, args)
    if parent in ("Organization", "User") and isinstance(value, Owner):
        if name == "repositories":
            return _repositories(value, context, args)
        return {"id": f"O_{value.number}", "login": value.login}[name]
    if parent == "Environment":
        return protection(value, args) if name == "protectionRules" else _plain(value, name)
    if parent == "DeploymentProtectionRule" and name == "reviewers":
        return reviewers(value, args)
    if parent == "Commit" and name == "history":
        return _history(value, context.world, args)
    if isinstance(value, Mapping):
        return value[name]
    return getattr(value, name)


def _plain(environment: Environment, name: str) -> Value:
    number = environment.number
    return {"id": f"EN_{number}", "databaseId": number, "name": environment.name}[name]


def _query(name: str, context: Context, args: Mapping[str, Any]) -> Value:
    if name == "rateLimit":
        return context.rate
    if name == "repositoryOwner":
        return context.world.owner(args["login"])
    if name == "repository":
        found = context.world.repo(
            args["owner"], args["name"], renames=args.get("followRenames", True)
        )
        return context.checked(found, "Repository")
    found_node = context.world.by_id(args["id"])
    if isinstance(found_node, Ruleset):
        return found_node
    return context.checked(found_node, "node")


def _mutation(context: Context, given: Mapping[str, Any]) -> Value:
    try:
        return {"commit": commit_on_branch(context.world, context.token, given)}
    except CommitRefusedError as refused:
        raise TypedError(refused.kind, str(refused)) from None


@lru_cache(maxsize=2000)
def _document(query: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    """A query that the schema allows, or what is wrong with it: the tests send few different ones,
    and to validate one takes five times as long as to answer it.
    """
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error.message,)
    errors = validate(schema(), document, max_errors=5)
    return document, tuple(error.message for error in errors)


def run_query(
    world: World, token: Token, query: str, variables: Mapping[str, Any], rate: dict[str, Any]
) -> tuple[dict[str, Any], int, int]:
    """The body of the answer, its points and its nodes."""
    document, errors = _document(query)
    if document is None or errors:
        return {"errors": [{"message": message} for message in errors]}, 0, 0
    if "combinedSlug" in query and (scopes := token.scopes) and "read:org" not in scopes:
        # a scope that a field needs is asked for before anything is read
        refusal = "The 'combinedSlug' field requires one of the following scopes: ['read:org']"
        return {"errors": [{"type": "INSUFFICIENT_SCOPES", "message": refusal}]}, 0, 0
    try:
        price = Pricing(schema(), document, variables).price
    except LimitError as refused:
        return {"errors": [{"type": refused.args[0], "message": "refused"}]}, 0, 0
    rate.update(cost=price.points, nodeCount=price.nodes)
    rate["remaining"] -= price.points
    result = execute_sync(
        schema(),
        document,
        context_value=Context(world, token, rate),
        variable_values=dict(variables),
        field_resolver=resolve,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_error(e) for e in result.errors]
    return body, price.points, price.nodes


def _error(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error if isinstance(error.original_error, GraphQLError) else error
    if not isinstance(cause, TypedError):
        raise cause.original_error or cause
    entry: dict[str, Any] = {"type": cause.kind, "path": error.path, "message": error.message}
    if cause.extensions:
        entry["extensions"] = cause.extensions
    return entry
