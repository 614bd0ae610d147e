"""Hundreds of inputs that nobody thought of: texts, git's files, and answers of servers, damaged
at places that a seed chooses. Each costs a gap at most, and nothing unread counts as read.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.collect.errors import CollectError
from audits.collect.folder.collector import read_apart
from audits.collect.github.errors import GitHubError
from audits.model.errors import AuditError
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot
from audits.pipeline.audit import Rules, audit
from audits.report.markdown import markdown_report
from audits.report.text import text_report
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.cli.conftest import TOKEN
from tests.collect.github.scanning import github_with, world_of
from tests.collect.github.test_bounds import repos, scan
from tests.collect.github.traffic import Reply
from tests.collect.index.objects import Run
from tests.collect.index.reading import read
from tests.collect.index.server import serving
from tests.scoring.test_score import DEPENDABOT, LESSON

REF = RepositoryRef(owner="orchard-labs", name="lumen")
BATCHES = 10
TEXTS, GIT, ANSWERS, INDEXES = 36, 10, 5, 12
"""Cases of each batch: 630 in all."""

WORKFLOWS = (".github/workflows/release.yml", ".github/workflows/publish.yml")
FILES = {
    WORKFLOWS[0]: LESSON,
    WORKFLOWS[1]: TOKEN,
    ".github/dependabot.yml": DEPENDABOT,
    ".github/actions/pack/action.yml": "runs:\n  using: composite\n  steps:\n  - {run: make, shell: bash}\n",
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "lumen"\n[tool.pdm]\nx = 1\n',
    "package.json": '{"name": "@orchard-labs/lumen", "scripts": {"release": "npm publish"}, "publishConfig": {}}',
    "Cargo.toml": '[package]\nname = "lumen"\npublish = ["crates-io"]\n[workspace]\nmembers = ["a"]\n',
    "setup.cfg": "[metadata]\nname = lumen\n",
    "setup.py": "from setuptools import setup\nsetup(name='lumen')\n",
    "Makefile": "release: dist\n\ttwine upload dist/*\n",
    "tox.ini": "[testenv:release]\ncommands = twine upload dist/*\n",
    "lumen.gemspec": "Gem::Specification.new { |s| s.name = 'lumen' }\n",
    "zizmor.yml": "rules: {unpinned-uses: {ignore: [release.yml:3]}}\n",
}
PIECES = (
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\t",
    b"\xe2\x80\xae",
    b"\x1b]0;x\x07",
    b"\xed\xa0\x80",
    b"${{ ",
    b" }}",
    b"[" * 300,
    b"{" * 300,
    b"*a",
    b"&a ",
    b"<<: *a\n",
    b"? ",
    b": ",
    b"- ",
    b"|\n",
    b">-\n",
    b"'",
    b'"',
    b"!!python/x ",
    b"---\n",
    b"%YAML 9\n",
    b"#",
    b"\\ud800",
    b"9" * 400,
    b"-1e999",
    b"null",
    b"true",
    b"../../x",
    b"0x",
    b"\\\n",
    b"`",
    b"$(",
)
VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    10**40,
    1e300,
    "",
    "\ud800",
    "\x1b[2J",
    "../..",
    [],
    {},
    [[]],
    {"a": {}},
    "x" * 5000,
)


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The same with one to four pieces added, removed, doubled or overwritten."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        to = min(len(data), at + chance.choice((1, 1, 4, 30, len(data))))
        piece = chance.choice(PIECES)
        data = chance.choice(
            (
                data[:at] + piece + data[at:],
                data[:at] + data[to:],
                data[:to] + data[at:to] * chance.choice((1, 1, 60)) + data[to:],
                data[:at] + piece + data[to:],
                data[:at] + bytes(chance.randbytes(chance.randint(1, 8))) + data[at:],
            )
        )[:200_000]
    return data


def reshaped(chance: random.Random, value: object, odds: float = 0.05) -> object:
    """The same JSON with some of its values replaced, or taken away."""
    if chance.random() < odds:
        return chance.choice(VALUES)
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if chance.random() > odds / 3}
        return {key: reshaped(chance, item, odds) for key, item in kept.items()}
    if isinstance(value, list):
        return [reshaped(chance, item, odds) for item in value]
    return value


def broken(chance: random.Random, body: bytes) -> bytes:
    """An answer of another form, or of no form at all."""
    if chance.random() < 0.5:
        return damaged(chance, body)
    return json.dumps(reshaped(chance, json.loads(body or b"null"))).encode()


def cases(batch: int, count: int, what: str) -> Iterator[random.Random]:
    return (random.Random(f"{what} {batch} {n}") for n in range(count))  # noqa: S311 - to repeat


def written(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def crashed(gaps: tuple[Gap, ...]) -> list[Gap]:
    return [gap for gap in gaps if gap.reason is GapReason.CRASHED]


def check(snapshot: Snapshot, workflows: tuple[str, ...] = ()) -> None:
    """It is judged and printed, and each workflow was read or is named by a gap."""
    repository = read_repository(snapshot, channel=INDEX.channel_of)
    found = audit(repository, Rules(index=INDEX))
    gaps = (*snapshot.gaps, *found.repository.gaps)
    assert not crashed(gaps), crashed(gaps)
    assert not [result.check for result in found.results if result.crash]
    read_well = {workflow.path for workflow in repository.workflows}
    named = {gap.subject for gap in gaps if not gap.optional}
    assert set(workflows) <= read_well | named
    assert "\n".join(text_report(found))
    assert markdown_report(found)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_files(batch: int, tmp_path: Path) -> None:
    for number, chance in enumerate(cases(batch, TEXTS, "files")):
        files = {name: text.encode() for name, text in FILES.items()}
        for name in chance.sample(sorted(files), chance.randint(1, 4)):
            files[name] = damaged(chance, files[name])
        root = written(tmp_path / str(number), files)
        check(read_apart(root, REF), WORKFLOWS)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with history, packed and loose objects, a tag and a remote."""
    root = written(tmp_path_factory.mktemp("clone"), {n: t.encode() for n, t in FILES.items()})
    name = ("-c", "user.name=x", "-c", "user.email=x@x.example", "-c", "gc.auto=0")
    for words in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", "https://github.com/orchard-labs/lumen"),
        ("add", "."),
        ("commit", "-qm", "one"),
        ("tag", "v1"),
        ("gc", "-q"),
        ("commit", "-qm", "two", "--allow-empty"),
    ):
        subprocess.run(["git", *name, *words], cwd=root, check=True, capture_output=True)
    return root


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_git_directories(batch: int, clone: Path, tmp_path: Path) -> None:
    for number, chance in enumerate(cases(batch, GIT, "git")):
        root = tmp_path / str(number)
        bare = chance.random() < 0.5
        shutil.copytree(clone / ".git" if bare else clone, root)
        parts = root if bare else root / ".git"
        files = [p for p in sorted(parts.rglob("*")) if p.is_file() and "hooks" not in p.parts]
        for path in chance.sample(files, min(len(files), chance.randint(1, 6))):
            path.chmod(0o644)
            path.write_bytes(damaged(chance, path.read_bytes()))
        snapshot = read_apart(root, REF)
        if bare and not snapshot.files:
            # Nothing of it was read: that must not look like a repository without workflows.
            assert [gap for gap in snapshot.gaps if not gap.optional]
        check(snapshot, () if bare else WORKFLOWS)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_answers_of_github(batch: int) -> None:
    for chance in cases(batch, ANSWERS, "github"):
        odds = chance.choice((0.1, 0.3, 1.0))

        def change(
            _kind: str, _what: str, reply: Reply, chance: random.Random = chance, odds: float = odds
        ) -> Reply:
            if chance.random() > odds:
                return reply
            return Reply(reply.status, broken(chance, reply.body), reply.headers)

        held = repos()
        with github_with(world_of(*held)) as github:
            github.faults.change = change
            try:
                collector, found = scan(github)
            except (CollectError, GitHubError):
                continue  # nothing at all could be read, and the scan says so
        assert not crashed(collector.gaps())
        seen = {str(snapshot.ref).lower() for snapshot in found}
        missing = len(seen) < len(held)
        assert not missing or collector.gaps(), "repositories are missing without a word"
        for snapshot in found:
            check(snapshot)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_answers_of_an_index(batch: int) -> None:
    for chance in cases(batch, INDEXES, "index"):
        with serving() as index:
            index.metadata("lumen", "2.0", {"Source": "https://github.com/orchard-labs/lumen"})
            first = index.release("lumen", "1.0", 1, Run())
            index.project("lumen", [first, index.release("lumen", "2.0", 2, Run())])
            for path in chance.sample(sorted(index.replies), chance.randint(1, 3)):
                index.replies[path].body = broken(chance, index.replies[path].body)
            try:
                evidence, gaps = read(index)
            except AuditError as error:
                pytest.fail(f"one package ends everything: {error}")
        assert not crashed(gaps)
        if isinstance(evidence.releases, Unseen):
            assert gaps
