"""Holds every query, and the loopback's schema, against the schema that GitHub publishes.

Run as ``python -m tests.schema_check.check``. The schema comes from the npm package
``@octokit/graphql-schema`` into a temporary directory and is not kept; without npm, or
without its registry, a loud line says that nothing was checked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLSchema, build_schema, get_named_type, parse, validate

from audits.collect.github import queries
from audits.pull_requests.writer import COMMIT
from tests.collect.github.samples import written_queries

PACKAGE = "@octokit/graphql-schema"
_LOOPBACK = Path(__file__).parent.parent / "collect" / "github" / "schema.graphql"


class SkippedError(Exception):
    """The published schema cannot be had here; the message says why."""


def published_schema() -> GraphQLSchema:
    """GitHub's schema, built without validating its definitions, some of which clash."""
    npm = shutil.which("npm")
    if npm is None:
        raise SkippedError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            raise SkippedError("npm did not answer in two minutes") from None
        path = Path(folder, "node_modules", *PACKAGE.split("/"), "schema.graphql")
        if done.returncode or not path.is_file():
            raise SkippedError(f"npm could not install {PACKAGE}")
        text = path.read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


def query_faults(schema: GraphQLSchema) -> Iterator[str]:
    """What is wrong with the documents in ``queries/`` and with those written for a batch."""
    documents = {f"queries/{name}.graphql": queries.source(name) for name in queries.query_names()}
    documents["pull_requests.writer"] = COMMIT
    for name, text in {**documents, **written_queries()}.items():
        for error in validate(schema, parse(text)):
            yield f"{name}: {error.message}"


def loopback_faults(published: GraphQLSchema, ours: GraphQLSchema) -> Iterator[str]:
    """Where the schema that tests run on says something else than GitHub's."""
    for name, kind in ours.type_map.items():
        if name.startswith("__"):
            continue
        real = published.type_map.get(name)
        if real is None:
            yield f"{name}: GitHub has no such type"
            continue
        if type(real) is not type(kind):
            yield f"{name}: is another kind of type at GitHub"
        for value in getattr(kind, "values", {}):
            if value not in getattr(real, "values", {}):
                yield f"{name}.{value}: GitHub has no such value"
        yield from _field_faults(name, kind, real)


def _field_faults(name: str, kind: object, real: object) -> Iterator[str]:
    for field, ours in getattr(kind, "fields", {}).items():
        theirs = getattr(real, "fields", {}).get(field)
        if theirs is None:
            yield f"{name}.{field}: GitHub has no such field"
            continue
        if str(theirs.type) != str(ours.type):
            yield f"{name}.{field}: is {theirs.type} at GitHub, {ours.type} here"
        for argument, own in getattr(ours, "args", {}).items():
            other = getattr(theirs, "args", {}).get(argument)
            if other is None or str(other.type) != str(own.type):
                yield f"{name}.{field}({argument}): GitHub has no such argument"
        for argument, other in getattr(theirs, "args", {}).items():
            required = str(other.type).endswith("!")
            if required and argument not in getattr(ours, "args", {}):
                yield f"{name}.{field}({argument}): is required at GitHub"
    unions = {get_named_type(t).name for t in getattr(kind, "types", ())}
    unknown = unions - {get_named_type(t).name for t in getattr(real, "types", ())}
    yield from (f"{name}: {other} is no member at GitHub" for other in sorted(unknown))


def main() -> int:
    """0 where everything agrees or nothing could be checked, 1 otherwise."""
    try:
        published = published_schema()
    except SkippedError as why:
        print(f"!!! SCHEMA CHECK SKIPPED: {why}. The GraphQL queries were NOT checked. !!!")
        return 0
    ours = build_schema(_LOOPBACK.read_text(encoding="utf-8"))
    faults = [*query_faults(published), *loopback_faults(published, ours)]
    for fault in faults:
        print(f"schema check: {fault}")
    documents = len(queries.query_names()) + len(written_queries())
    if not faults:
        print(f"schema check: {documents} documents and {len(ours.type_map)} types agree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
