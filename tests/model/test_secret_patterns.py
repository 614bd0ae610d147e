"""Tokens known by their look, registries on the machine itself, and what can be taken out."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.check import Example
from audits.fixes.drop_credentials import without_credentials
from audits.model.secret_patterns import is_local_host, is_local_image, names_local_url, shapes
from audits.model.source import SourceFile
from tests.checks.harness import repository_of

BODY = "x" * 80
STEP = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        {inputs}
"""


@pytest.mark.parametrize(
    ("token", "what"),
    [
        (f"pypi-AgE{BODY}", "a PyPI token"),
        (f"npm_{BODY[:36]}", "an npm token"),
        (f"ghp_{BODY[:36]}", "a GitHub token"),
        (f"github_pat_{BODY}xx", "a GitHub token"),
        ("rubygems_" + "0" * 48, "a RubyGems key"),
        (f"cio{BODY[:32]}", "a crates.io token"),
        (f"oy2{BODY[:43]}", "a NuGet key"),
        (f"dckr_pat_{BODY[:30]}", "a Docker Hub token"),
    ],
)
def test_tokens_say_what_they_are(token: str, what: str) -> None:
    found = list(shapes(f"run: upload '{token}'"))
    assert [(shape.what, shape.start, shape.is_test) for shape in found] == [(what, 13, False)]
    assert list(shapes(f"x{token}")) == []
    assert list(shapes(token[:25])) == []


def test_a_token_names_the_instance_that_issued_it() -> None:
    head = urlsafe_b64encode(b"\x02\x01\x10test.index.example and more of it").decode()
    (shape,) = shapes(f"pypi-{head.rstrip('=')}{BODY}")
    assert shape.is_test


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    assert all(0 <= shape.start < len(text) for shape in shapes(text))
    assert names_local_url([text]) in {True, False}
    assert is_local_image(text) in {True, False}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:80", True),
        ("[::1]:80", True),
        ("registry.localhost", True),
        ("localhost.example", False),
        ("127.example", False),
        ("registry.example:5000", False),
        ("", False),
        ("[", False),
    ],
)
def test_hosts_on_the_machine_itself(host: str, expected: bool) -> None:
    assert is_local_host(host) is expected
    if "[" not in host:
        assert is_local_image(f"{host}/cache:1") is expected
    assert names_local_url([f"see https://user:x@{host}/simple"]) is expected


@pytest.mark.parametrize(
    ("inputs", "removed"),
    [
        ("with:\n          user: __token__\n          password: ${{ secrets.T }}", [7, 8, 9]),
        ("with:\n          password: ${{ secrets.T }}\n          verbose: true", [8]),
        (
            "with:\n          user: builder\n          password: ${{ secrets.T }}\n          verbose: 1",
            [8, 9],
        ),
        ("with: {password: '${{ secrets.T }}'}", []),
        ("with:\n          password: >-\n            ${{ secrets.T }}", []),
    ],
)
def test_credentials_go_by_whole_lines_or_not_at_all(inputs: str, removed: list[int]) -> None:
    source = SourceFile.of(".github/workflows/release.yml", STEP.format(inputs=inputs).encode())
    repository = repository_of(Example(name="", workflow=source.text))
    (publication,) = repository.publications
    edits = without_credentials(source, publication)
    assert [source.text.count("\n", 0, edit.start) + 1 for edit in edits] == removed
    assert all(edit.new == "" and edit.old.endswith("\n") for edit in edits)
