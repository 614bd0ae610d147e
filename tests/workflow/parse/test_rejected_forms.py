"""Odd forms of YAML: each is read, or is a gap with its line; none is silently nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
from audits.model.source import GapReason, RepositoryRef, SourceFile
from audits.model.workflow import PermissionsState
from audits.pipeline.audit import Rules, audit
from audits.workflow.parse.parse import parse_action
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.workflow.parse.test_parse import parsed

JOB = "  a: {runs-on: x, steps: [{run: ls}]}\n"
GOOD = f"on: push\njobs:\n{JOB}"


def with_key(key: str) -> str:
    return f"on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{{run: ls}}]\n    {key}\n"


def with_step(step: str) -> str:
    return f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ls\n      - {step}\n"


REFUSED = [
    ("on: push\njobs: {? ? ? x}\n", 2, "YAML"),
    ("on: push\njobs: {? }\n", 2, "'' is not a map"),
    ("on: push\njobs: {? {a: b} : x}\n", 2, "a key is a list or a map"),
    ("on: push\njobs:\n  ? [a, b]\n  : {runs-on: x}\n", 3, "a key is a list or a map"),
    ("? {on: push}\n: x\n", 1, "a key is a list or a map"),
    (f"{GOOD}env: {{[a]: b}}\n", 4, "a key is a list or a map"),
    (with_step("{run: ls, ? [env] : x}"), 7, "a key is a list or a map"),
    ("", None, "empty"),
    ("# nothing\n\n", None, "empty"),
    ("---\n", None, "mapping"),
    ("null\n", None, "mapping"),
    ("- on: push\n", 1, "not a mapping"),
    ("on push\n", 1, "not a mapping"),
    (f"{GOOD}---\n{GOOD}", 4, "YAML"),
    (f"on: push\njobs:\n\t{JOB}", 3, "YAML"),
    ("on: push\non: push\njobs: {}\n", 2, "twice"),
    ("on: push\njobs: {a: 1\n", 3, "YAML"),
    (GOOD.encode("utf-16-le").decode("utf-8"), None, "YAML"),
    ("on: push\njobs:\n  - a\n", 3, "no map of 'jobs:'"),
    ("on: push\njobs: text\n", 2, "no map of 'jobs:'"),
    ("on: push\njobs:\n", 2, "no map of 'jobs:'"),
    ("on: push\njobs: ~\n", 2, "no map of 'jobs:'"),
    ("on: push\n", 1, "no map of 'jobs:'"),
    (f"{GOOD}  b:\n", 4, "'b' is not a map"),
    (f"{GOOD}  b: text\n", 4, "'b' is not a map"),
    (f"{GOOD}  b: [x]\n", 4, "'b' is not a map"),
    ("on: push\njobs: {a, b}\n", 2, "'a' is not a map"),
    (f"jobs:\n{JOB}", 1, "no 'on:'"),
    (f"on:\njobs:\n{JOB}", 1, "names no event"),
    (f"on: ~\njobs:\n{JOB}", 1, "names no event"),
    (f"on: [push, {{release: x}}]\njobs:\n{JOB}", 1, "not a text"),
    (f"on:\n  push: [main]\njobs:\n{JOB}", 2, "'push:' is a list"),
    (f"on:\n  push: main\njobs:\n{JOB}", 2, "'push:' is a text"),
    (f"on:\n  push:\n    tags: {{v: x}}\njobs:\n{JOB}", 3, "'tags:' of 'push:' is a map"),
    (f"{GOOD}permissions: [contents]\n", 4, "'permissions:' is a list"),
    (f"{GOOD}permissions: none\n", 4, "permissions cannot be"),
    (f"{GOOD}env: [A]\n", 4, "'env:' is a list"),
    (with_key("permissions: [contents]"), 6, "of the job 'a' is a list"),
    (with_key("needs: {b: c}"), 6, "'needs:' of the job 'a' is a map"),
    (with_key("needs: [[b]]"), 6, "names no job"),
    (with_key("environment: [x]"), 6, "'environment:' of the job 'a' is a list"),
    (with_key("environment: {url: x}"), 6, "has no 'name:'"),
    (with_key("if: [true]"), 6, "'if:' of the job 'a' is a list"),
    (with_key("secrets: all"), 6, "neither 'inherit' nor a map"),
    (with_key("container: [x]"), 6, "'container:' of the job 'a' is a list"),
    (with_key("services: [x]"), 6, "'services:' of the job 'a' is a list"),
    (with_key("strategy: x"), 6, "'strategy:' of the job 'a' is a text"),
    (with_key("<<: {env: {A: b}}"), 6, "merges nothing"),
    (with_key("uses: [./x.yml]"), 6, "'uses:' of the job 'a' is a list"),
    (with_step("~"), 7, "not a map"),
    (with_step("text"), 7, "not a map"),
    (with_step("[run, ls]"), 7, "not a map"),
    (with_step("{}"), 7, "no keys"),
    (with_step("run: [ls]"), 7, "'run:' of a step is a list"),
    (with_step("uses: {a: b}"), 7, "'uses:' of a step is a map"),
    (with_step("{uses: a/b@v1, with: [x]}"), 7, "'with:' of a step is a list"),
    (with_step("{run: ls, env: x}"), 7, "'env:' of a step is a text"),
    (with_step("{<<: {run: ls}}"), 7, "merges nothing"),
]


@pytest.mark.parametrize(("text", "line", "words"), REFUSED)
def test_what_github_refuses_is_a_gap_with_its_line(
    text: str, line: int | None, words: str
) -> None:
    gaps = parsed(text).gaps
    assert gaps
    assert all(gap.reason is GapReason.INVALID and not gap.optional for gap in gaps)
    named = [gap for gap in gaps if words in gap.detail]
    assert named, [gap.detail for gap in gaps]
    assert named[0].line == line or line is None


ACCEPTED = [
    GOOD,
    "\ufeff" + GOOD,
    f"---\n{GOOD}",
    f"---\n{GOOD}...\n",
    f"%YAML 1.2\n---\n{GOOD}",
    GOOD.replace("\n", "\r\n"),
    f'"on": "push"\n"jobs":\n{JOB}',
    f"? on\n: push\n? jobs\n:\n{JOB}",
    f"on: {{? push}}\njobs:\n{JOB}",
    f"on: !!str push\njobs:\n{JOB}",
    f"on: {{schedule: [{{cron: '0 0 * * *'}}]}}\njobs:\n{JOB}",
    f"on:\n  push:\n  workflow_dispatch: ~\njobs:\n{JOB}",
    f"{GOOD}# a bell \x07 and \ufeff in a comment\n",
    f"name: a\x1bb\n{GOOD}",
    f"x: &e {{A: b}}\n{GOOD}env: *e\n",
    f"env:\n{GOOD}",
    f"permissions: {{}}\n{GOOD}",
    with_key("env: ${{ fromJSON(vars.E) }}"),
    with_key("environment: ''"),
    with_key("environment:"),
    with_key("strategy: {matrix: '${{ fromJSON(vars.M) }}'}"),
    with_key("secrets: inherit"),
    with_key("container: ''"),
    with_key("env: {<<: x}"),
    with_step("{run: ls, env: ~, with: , if: true}"),
    with_step("{uses: a/b@v1, with: '${{ fromJSON(vars.W) }}'}"),
    with_step("parallel: [{run: ls}]"),
    with_step("{run: ls, background: true}"),
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_github_accepts_is_read(text: str) -> None:
    found = parsed(text)
    assert [gap.detail for gap in found.gaps] == []
    assert found.workflow is not None
    assert [t.event for t in found.workflow.triggers][:1] in (["push"], ["schedule"])
    (job,) = found.workflow.jobs
    assert job.steps[0].run is not None


def test_a_list_of_permissions_is_not_taken_for_none_at_all() -> None:
    found = parsed(f"{GOOD}permissions: []\n").workflow
    assert found is not None
    assert found.permissions.state is PermissionsState.ABSENT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\n", "no map of 'runs:'"),
        ("runs: node20\n", "no map of 'runs:'"),
        ("runs: {main: x.js}\n", "has no 'using:'"),
        ("runs: {using: composite}\n", "no list of 'steps:'"),
        ("runs: {using: composite, steps: {run: ls}}\n", "no list of 'steps:'"),
        ("runs: {using: composite, steps: [ls]}\n", "not a map of keys"),
        ("runs: {using: composite, steps: [{run: [ls], shell: bash}]}\n", "'run:' of a step"),
        ("runs: {using: composite, steps: [{<<: {run: ls}}]}\n", "merges nothing"),
        ("inputs: [a]\nruns: {using: node20, main: x}\n", "'inputs:' is a list"),
    ],
)
def test_an_action_that_github_refuses_is_a_gap(text: str, words: str) -> None:
    gaps = parse_action(SourceFile.of("a/action.yml", text.encode())).gaps
    assert [(gap.subject, gap.line) for gap in gaps][:1] == [("a/action.yml", 1)] or gaps[0].line
    assert any(words in gap.detail for gap in gaps), gaps


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_a_file_in_another_coding_is_a_gap(coding: str, tmp_path: Path) -> None:
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "release.yml").write_bytes(f"# \u20ac \n{GOOD}".encode(coding))
    snapshot = read_folder(tmp_path, RepositoryRef(owner="orchard-labs", name="lumen"))
    found = audit(read_repository(snapshot, channel=INDEX.channel_of), Rules(index=INDEX))
    unread = [gap for gap in found.repository.gaps if not gap.optional]
    assert any(gap.subject == ".github/workflows/release.yml" for gap in unread)
