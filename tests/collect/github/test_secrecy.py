"""No token, key or text of an answer in any log at any level, error, gap or stored answer."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.collect.errors import CollectError
from audits.collect.github.log_redaction import RedactingFilter, install
from audits.collect.github.memory_cache import TransientMemory
from tests.collect.github.apps import app_key
from tests.collect.github.faults import KINDS
from tests.collect.github.git_objects import Content
from tests.collect.github.samples import remote
from tests.collect.github.scanning import (
    TOKEN,
    collector_of,
    connect,
    connect_app,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.world import Environment, Repo, World

PLANTED = "planted"
"""Part of every token, of texts that are read, and of answers' bodies."""

FILES: dict[str, Content] = {
    ".github/workflows/release.yml": "on: push # planted-in-text\n",
    ".github/workflows/long.yml": "# planted-in-blob" + "x" * 520_000,
}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says, at the lowest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setLevel(1)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    # PyGithub keeps its own loggers at INFO until somebody asks for more
    names = ("", "github", "github.Requester", "github.GithubRetry", "urllib3", "requests")
    levels = {name: logging.getLogger(name).level for name in names}
    logging.getLogger().addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(1)
    yield stream
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def world() -> World:
    repo = Repo("lumen", FILES, environments=[Environment("pypi", reviewers=1, policy="custom")])
    repo.secrets = ("PLANTED_NAME",)
    rows: list[dict[str, object]] = [{"description": "planted-in-advisory", "ghsa_id": 1}]
    made = world_of(repo, Repo("secret", {}, hidden=True))
    made.advisories.extend(rows)
    return made


def everything(memory: TransientMemory, connection_of: object, *, faults: bool) -> list[str]:
    """A whole scan; what it says for people."""
    collector = collector_of(connection_of, memory)  # type: ignore[arg-type]
    found = [collector.with_settings(s, ("pypi",)) for s in snapshots(collector).values()]
    collector.resolve(
        (remote("lanterns", "nothing", "v1"), remote("orchard-labs", "lumen", "a" * 40))
    )
    collector.advisories()
    said = [str(gap) for s in found for gap in s.gaps] + [str(gap) for gap in collector.gaps()]
    if not faults:
        said.append(str(collector.doctor()))
    return said


def stored(memory: TransientMemory) -> str:
    return str(vars(memory)["_answers"])


@pytest.mark.parametrize("faults", [False, True])
def test_a_token_shows_nowhere(logged: io.StringIO, faults: bool) -> None:
    memory = TransientMemory()
    with github_with(world()) as github:
        if faults:
            github.faults.script.extend(["", "", *KINDS])
        said = everything(memory, connect(github), faults=faults)
        hosts = [github.url]
    text = logged.getvalue()
    assert "github.Requester" in text
    assert "urllib3.connectionpool" in text
    assert all(url.partition("//")[2].partition("/")[0].partition(":")[0] in text for url in hosts)
    for place in (text, "\n".join(said), stored(memory)):
        assert PLANTED not in place
        assert TOKEN not in place


def test_an_apps_tokens_and_key_show_nowhere(logged: io.StringIO, tmp_path: Path) -> None:
    memory = TransientMemory()
    with github_with(world()) as github:
        github.apps.installations["orchard-labs"] = 42
        github.apps.tier = 3
        said = everything(memory, connect_app(github, tmp_path), faults=False)
        assert github.apps.issued
    key = app_key()[0].splitlines()[1]
    for place in (logged.getvalue(), "\n".join(said), stored(memory)):
        assert PLANTED not in place
        assert key not in place
        assert "eyJ" not in place


def test_errors_hold_no_answer(logged: io.StringIO) -> None:
    with github_with(world()) as github:
        connection = connect(github, token=TOKEN + "wrong")
        with pytest.raises(CollectError) as caught:
            list(collector_of(connection).snapshots())
    assert caught.value.__cause__ is None
    assert "Bad credentials" not in str(caught.value)
    assert PLANTED not in f"{caught.value!r} {logged.getvalue()}"


@pytest.mark.parametrize(
    "text",
    [
        "token ghp_" + "a1" * 18,
        "github_pat_" + "b2" * 20,
        "ghs_" + "c3" * 18,
        "gho_" + "d4" * 10,
        "Bearer eyJhbGci.eyJpc3Mi.c2ln",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str) -> None:
    record = logging.LogRecord("github", logging.DEBUG, "", 1, "said %s", (text,), None)
    assert RedactingFilter().filter(record)
    assert "[redacted]" in record.getMessage()
    assert not any(word in record.getMessage() for word in text.split() if len(word) > 12)


def test_installing_twice_changes_nothing() -> None:
    install()
    before = {name: len(logging.getLogger(name).filters) for name in ("github", "urllib3")}
    install()
    assert before == {name: len(logging.getLogger(name).filters) for name in before}
