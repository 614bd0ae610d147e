"""Planted secrets: in no log at any level, no output, no database and no export."""

from __future__ import annotations

import io
import logging
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.github_world import OWNER, TOKEN_RELEASE, Cli, command_line, small_world
from tests.cli.runner import Ran, release_audit
from tests.collect.github.apps import app_key
from tests.collect.github.faults import KINDS
from tests.collect.github.scanning import TOKEN
from tests.collect.github.world import Environment

ANSWER = "planted-in-an-answer"
"""Stands in files, and in parts of answers that nothing is made of."""

LOGGERS = (
    "",
    "audits",
    "github",
    "github.Requester",
    "github.GithubRetry",
    "urllib3",
    "sqlalchemy.engine",
)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says, at the lowest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    logging.getLogger().addHandler(handler)
    for name in LOGGERS:
        # the database's own log repeats what is written, which `database` looks at
        logging.getLogger(name).setLevel(logging.WARNING if "sql" in name else 1)
    yield stream
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    world = small_world()
    tidepool = next(r for r in world.repositories() if r.name == "tidepool")
    tidepool.change(".github/workflows/release.yml", f"{TOKEN_RELEASE}# {ANSWER}\n")
    tidepool.environments.append(Environment("elsewhere", reviewers=2))
    world.advisories.append({"description": ANSWER, "ghsa_id": 1})
    with command_line(world, tmp_path) as made:
        yield made


def everything(cli: Cli, tmp_path: Path, **environment: str) -> list[Ran]:
    """Every command that speaks to GitHub, or prints what was learned there."""
    words = ("--api-url", cli.github.url)
    given = {**cli.environment, **environment}
    ran = [
        cli.scan(OWNER, **environment),
        cli.scan(OWNER, "nobody", **environment),
        release_audit("doctor", OWNER, *words, **given),
        release_audit(
            "check",
            f"{OWNER}/tidepool",
            *words,
            "--no-engine",
            "--format",
            "json",
            "--host",
            "github.com",
            "--index-url",
            cli.index.simple,
            **given,
        ),
        release_audit("report", "--database", cli.database, "--format", "json"),
        release_audit("export", str(tmp_path / "export"), "--database", cli.database),
    ]
    assert [r.code for r in ran] == [0, 3, 0, 1, 0, 0], [r.err for r in ran]
    return ran


def database(path: Path) -> str:
    """All that the database holds, with packed texts unpacked."""
    said = []
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own tables
                said += [f"{table}: {_shown(value)}" for value in row]
    return "\n".join(said)


def _shown(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return zlib.decompress(value).decode("utf-8", "replace")
    except zlib.error:
        return value.decode("utf-8", "replace")


def places(cli: Cli, tmp_path: Path, ran: list[Ran], logged: io.StringIO) -> dict[str, str]:
    """Every place where a secret could show, by its name."""
    path = Path(cli.database.removeprefix("sqlite:///"))
    export = "\n".join(p.read_text("utf-8") for p in sorted((tmp_path / "export").iterdir()))
    cache = "\n".join(
        p.read_bytes().decode("utf-8", "replace")
        for p in sorted(cli.cache.rglob("*"))
        if p.is_file()
    )
    said = "\n".join(r.out + r.err for r in ran)
    raw = "\n".join(
        p.read_bytes().decode("latin-1") for p in sorted(path.parent.glob(path.name + "*"))
    )
    return {
        "log": logged.getvalue(),
        "output": said,
        "database": database(path),
        "file": raw,
        "export": export,
        "cache": cache,
    }


@pytest.mark.parametrize("faults", [False, True])
def test_a_token_shows_nowhere(cli: Cli, tmp_path: Path, logged: io.StringIO, faults: bool) -> None:
    if faults:
        # after other faults the program pauses for seconds; these come with a time of theirs
        kinds = [kind for kind in KINDS if kind.startswith("secondary")]
        cli.github.faults.script.extend(["", *kinds])
    found = places(cli, tmp_path, everything(cli, tmp_path), logged)
    assert "github.Requester" in found["log"]
    assert "PYPI_API_TOKEN" in found["database"]
    assert "long-lived-token" in found["export"]
    for name, text in found.items():
        assert TOKEN not in text, name
        assert TOKEN[:24] not in text, name
    for name in ("log", "output", "export"):
        assert ANSWER not in found[name], name
    # a file's text is kept, once; nothing else of an answer is
    assert found["database"].count(ANSWER) == 1


def test_an_apps_key_and_tokens_show_nowhere(cli: Cli, tmp_path: Path, logged: io.StringIO) -> None:
    cli.github.apps.installations[OWNER], cli.github.apps.tier = 42, 3
    key = tmp_path / "app.pem"
    key.write_text(app_key()[0], "utf-8")
    environment = {
        "RELEASE_AUDIT_TOKEN": "",
        "GITHUB_TOKEN": "",
        "GH_TOKEN": "",
        "RELEASE_AUDIT_APP_ID": "7",
        "RELEASE_AUDIT_APP_KEY_FILE": str(key),
    }
    found = places(cli, tmp_path, everything(cli, tmp_path, **environment), logged)
    assert cli.github.apps.issued
    for name, text in found.items():
        for secret in (*app_key()[0].splitlines()[1:3], *cli.github.apps.issued, "Bearer eyJ"):
            assert secret not in text, name


def test_a_refused_token_is_not_in_the_error(cli: Cli, logged: io.StringIO) -> None:
    ran = cli.scan(OWNER, **{"RELEASE_AUDIT_TOKEN": TOKEN + "revoked"})
    assert ran.code == 3
    assert TOKEN not in ran.out + ran.err + logged.getvalue()
    assert "Bad credentials" not in ran.out + ran.err


def test_a_credential_in_a_workflow_is_reported_and_not_repeated(cli: Cli, tmp_path: Path) -> None:
    secret = "pypi-AgE" + "IcHlwaS5vcmcCJD" * 6
    tidepool = next(r for r in cli.github.world.repositories() if r.name == "tidepool")
    text = TOKEN_RELEASE.replace("${{ secrets.PYPI_API_TOKEN }}", secret)
    tidepool.change(".github/workflows/release.yml", text)
    ran = everything(cli, tmp_path)
    export = "\n".join(p.read_text("utf-8") for p in (tmp_path / "export").iterdir())
    assert "hardcoded-credential" in export
    assert "hardcoded-credential" in ran[3].out
    assert secret not in export + "".join(r.out + r.err for r in ran)
