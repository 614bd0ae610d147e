"""Loads GraphQL documents from ``queries/`` and expands them for batches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

_PARTS = ("light", "state", "trees")
"""Files of fragments that other documents ask for by ``# fragments:``."""

_FRAGMENTS = re.compile(r"^# fragments: (\w+)$", re.MULTILINE)
_REPEAT = re.compile(r"^ *# repeat\n.*?^ *# end$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)


def query_names() -> tuple[str, ...]:
    """Every document in ``queries/``, fragments left out."""
    folder = resources.files("audits.collect").joinpath("queries")
    names = (entry.name for entry in folder.iterdir() if entry.name.endswith(".graphql"))
    found = (name.removesuffix(".graphql") for name in names)
    return tuple(sorted(name for name in found if name not in _PARTS))


@cache
def source(name: str) -> str:
    """A document as it is written, with the fragments that it asks for."""
    path = resources.files("audits.collect").joinpath("queries", f"{name}.graphql")
    text = path.read_text(encoding="utf-8")
    return text + "".join("\n" + source(other) for other in _FRAGMENTS.findall(text))


@cache
def document(name: str) -> str:
    """A document without repeated part, ready to be sent."""
    return _COMMENT.sub("", source(name))


@cache
def _around(name: str) -> tuple[str, str]:
    before, after = _REPEAT.split(source(name), maxsplit=1)
    return _COMMENT.sub("", before), _COMMENT.sub("", after)


def batch(name: str, parts: Iterable[str]) -> str:
    """A document whose part between ``# repeat`` and ``# end`` is replaced by these."""
    before, after = _around(name)
    return "".join((before, "\n".join(parts), after))


def literal(value: str) -> str:
    """A GraphQL string; JSON's ASCII form is one, so no value can leave its quotes."""
    return json.dumps(value)


def by_name(alias: str, slug: str, body: str) -> str:
    """The selection of one repository by name, old names included."""
    owner, _, name = slug.partition("/")
    found = f"repository(owner: {literal(owner)}, name: {literal(name)}, followRenames: true)"
    return f"{alias}: {found} {{ {body} }}"


def by_id(alias: str, node_id: str, body: str) -> str:
    """The selection of one repository by node id, which survives a rename."""
    return f"{alias}: node(id: {literal(node_id)}) {{ ... on Repository {{ {body} }} }}"


def collaborators(cursor: str = "", *, teams: bool = True) -> str:
    """The selection of a page of the people of a repository, the first without a cursor."""
    after = f", after: {literal(cursor)}" if cursor else ""
    source = "source { __typename ... on Team { combinedSlug } }"
    sources = f"permissionSources {{ permission {source} }}" if teams else ""
    edges = f"edges {{ permission {sources} }}"
    return f"collaborators(first: 100{after}) {{ pageInfo {{ endCursor hasNextPage }} {edges} }}"


def blob(alias: str, oid: str) -> str:
    """The selection of one text by git's object id."""
    return f"{alias}: object(oid: {literal(oid)}) {{ ...Text }}"


def expression(alias: str, value: str, fields: str) -> str:
    """The selection of one object by an expression such as ``HEAD:path``."""
    return f"{alias}: object(expression: {literal(value)}) {{ {fields} }}"


def rules(alias: str, node_id: str) -> str:
    """The selection of one ruleset's rules and of who may bypass it."""
    return f"{alias}: node(id: {literal(node_id)}) {{ ...RulesetRules }}"


def past(cursor: str | None, since: str) -> str:
    """The selection of a page of the commits that changed workflows since a moment, and of the
    last one until it.
    """
    after = "" if cursor is None else f"after: {literal(cursor)}, "
    found = "nodes { oid committedDate }"
    page = f'history(first: 100, {after}path: ".github", since: {literal(since)})'
    last = f'before: history(first: 1, path: ".github", until: {literal(since)}) {{ {found} }}'
    commits = f"{page} {{ pageInfo {{ endCursor hasNextPage }} {found} }} {last}"
    branch = f"defaultBranchRef {{ name target {{ ... on Commit {{ {commits} }} }} }}"
    return f"nameWithOwner createdAt {branch}"


def then(commit: str) -> str:
    """The selection of what a repository's folders held at a commit."""
    places = {"root": "", "github": ".github", "workflows": ".github/workflows"}
    parts = [
        f"{alias}: object(expression: {literal(f'{commit}:{path}')}) {{ ...Folder }}"
        for alias, path in places.items()
    ]
    actions = literal(f"{commit}:.github/actions")
    parts.append(f"actions: object(expression: {actions}) {{ ...Actions }}")
    return " ".join(("id databaseId nameWithOwner isArchived", *parts))


def further_tags(cursor: str) -> str:
    """The selection of the hundred tags after a cursor, newest first."""
    order = "orderBy: { field: TAG_COMMIT_DATE, direction: DESC }"
    after = f'refs(refPrefix: "refs/tags/", first: 100, after: {literal(cursor)}, {order})'
    tag = "name target { oid ... on Tag { target { oid ... on Tag { target { oid } } } } }"
    return f"{after} {{ totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ {tag} }} }}"
