"""How a nightly scan ends: its exit code, and a message to a chat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.conftest import write
from tests.cli.runner import Ran, release_audit

INDEX = ("--index-url", "https://pypi.example/simple/", "--offline", "--no-engine", "--allow-gaps")


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as running:
        running.expect_request("/hook/SECRET").respond_with_data("ok")
        yield running


def scan(folder: Path, *words: str, **environment: str) -> Ran:
    where = ("--folder", str(folder), "--org", "orchard-labs")
    database = ("--database", str(folder.parent / "history.sqlite"))
    return release_audit("scan", *where, *database, *INDEX, *words, **environment)


@pytest.mark.parametrize(
    ("fail_on", "code"), [("never", 0), ("critical", 0), ("high", 1), ("info", 1)]
)
def test_fail_on(organization: Path, fail_on: str, code: int) -> None:
    assert scan(organization, "--fail-on", fail_on).code == code


def test_nothing_is_sent_unless_asked(organization: Path, server: HTTPServer) -> None:
    scan(organization)
    assert server.log == []


def test_a_summary_is_posted(organization: Path, server: HTTPServer) -> None:
    first = scan(organization, "--notify", server.url_for("/hook/SECRET"))
    assert first.code == 0
    token = (organization / "tidepool" / ".github/workflows/publish.yml").read_text("utf-8")
    write(organization / "<!here> *x*", {".github/workflows/release.yml": token})
    ran = scan(organization, RELEASE_AUDIT_NOTIFY=server.url_for("/hook/SECRET"))
    assert "SECRET" not in ran.out + ran.err
    messages = [json.loads(request.data) for request, _ in server.log]
    assert len(messages) == 2
    text = messages[1]["text"]
    assert text.startswith("orchard-labs: ")
    assert "new high: " in text
    assert "<!here>" not in text
    assert "&lt;!here&gt;" in text
    assert len(text) <= 3000


def test_a_message_that_does_not_arrive_ends_with_3(organization: Path) -> None:
    ran = scan(organization, "--notify", "http://127.0.0.1:9/SECRET")
    assert ran.code == 3
    assert "SECRET" not in ran.out + ran.err
    assert scan(organization, "--notify", "http://chat.example/x").code == 2
