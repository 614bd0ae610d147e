"""The loopback GitHub itself: git's ids, GitHub's prices and limits, and the queries' form."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import requests
from graphql import build_schema, parse
from hypothesis import given
from hypothesis import strategies as st

from audits.collect.github import queries
from tests.collect.github.git_objects import Link, build_tree, object_id
from tests.collect.github.graph import schema
from tests.collect.github.points import LimitError, Pricing
from tests.collect.github.samples import written_queries
from tests.collect.github.scanning import TOKEN, github_with, world_of
from tests.collect.github.world import Repo
from tests.patience import PATIENCE
from tests.schema_check.check import loopback_faults, query_faults


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_ids_are_gits(tmp_path: Path) -> None:
    files: dict[str, str | Link] = {
        "a/b.yml": "x\n",
        "a.txt": "1",
        "a-b/c": "\u00e9",
        "link": Link("a.txt"),
        "a/c/d": "",
    }
    git(tmp_path, "init", "--quiet")
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            (tmp_path / path).symlink_to(content.target)
        else:
            (tmp_path / path).write_text(content, encoding="utf-8")
    git(tmp_path, "add", "--all")
    assert build_tree({**files}).oid == git(tmp_path, "write-tree")
    assert object_id("blob", b"x\n") == git(tmp_path, "hash-object", "a/b.yml")


def price(query: str) -> tuple[int, int]:
    found = Pricing(schema(), parse(query), {}).price
    return found.points, found.nodes


def test_points_as_documented() -> None:
    rule = "protectionRules(first: 4) { nodes { reviewers(first: 6) { totalCount } } }"
    environments = f'environment(name: "e") {{ {rule} }}'
    query = f'{{ repositoryOwner(login: "x") {{ repositories(first: %d) {{ nodes {{ {environments} }} }} }} }}'
    assert price(query % 25) == (round((1 + 25 + 100) / 100), 25 + 100 + 600)
    assert price(query % 100) == (5, 100 + 400 + 2400)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("", "MISSING_PAGINATION_BOUNDARIES"),
        ("(first: 101)", "EXCESSIVE_PAGINATION"),
        ("(first: 0)", "EXCESSIVE_PAGINATION"),
    ],
)
def test_pages_have_limits(first: str, kind: str) -> None:
    with pytest.raises(LimitError, match=kind):
        price(f'{{ repositoryOwner(login: "x") {{ repositories{first} {{ totalCount }} }} }}')


def test_what_a_wrong_request_gets() -> None:
    with github_with(world_of(Repo("lumen"))) as github:
        graphql = github.url.replace("/api/v3", "/api/graphql")
        headers = {"Authorization": f"token {TOKEN}"}
        wrong = requests.post(
            graphql, json={"query": "{ nonsense }"}, headers=headers, timeout=PATIENCE
        )
        assert wrong.status_code == 200
        assert "data" not in wrong.json()
        assert wrong.json()["errors"]
        nobody = requests.get(
            f"{github.url}/repos/orchard-labs/lumen/environments", timeout=PATIENCE
        )
        assert nobody.status_code == 401
        first = requests.get(f"{github.url}/orgs/orchard-labs", headers=headers, timeout=PATIENCE)
        headers["If-None-Match"] = first.headers["ETag"]
        used = github.buckets["core"].used
        again = requests.get(f"{github.url}/orgs/orchard-labs", headers=headers, timeout=PATIENCE)
        assert (again.status_code, again.content) == (304, b"")
        assert github.buckets["core"].used == used


def test_every_query_is_valid_here_and_every_batch_was_caught() -> None:
    assert list(query_faults(schema())) == []
    wanted = {"Repositories", "Texts", "Callees", "Settings", "Rules", "Chosen", "References"}
    assert {f"written {name}" for name in wanted} <= set(written_queries())
    assert {"repositories", "names", "tags", "rulesets"} <= set(queries.query_names())


def test_the_schema_check_finds_what_differs() -> None:
    ours = build_schema(
        "type Query { a(x: Int): Int b: Gone c: Int k: Kind } type Gone { d: Int } enum Kind { A B }"
    )
    theirs = build_schema(
        "type Query { a(x: String, y: Int!): Int! b: Int k: Kind } enum Kind { A }"
    )
    found = list(loopback_faults(theirs, ours))
    assert len(found) == 7
    for part in ("Gone: GitHub has no such type", "Query.c", "Query.a: is Int!", "Kind.B", "a(y)"):
        assert any(part in fault for fault in found), part
    assert len(list(query_faults(theirs))) > len(queries.query_names())


@given(st.text())
def test_no_value_leaves_its_quotes(value: str) -> None:
    document = parse(f"{{ x(a: {queries.literal(value)}) }}")
    selection = document.definitions[0].selection_set.selections[0]  # type: ignore[attr-defined]
    assert len(document.definitions) == 1
    assert selection.arguments[0].value.value == value
