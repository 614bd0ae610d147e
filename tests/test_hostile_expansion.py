"""Texts that name each other many times: each is followed once, so that reading ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
from audits.collect.index.default_index import index_hosts
from audits.model.redaction import masked
from audits.model.source import RepositoryRef
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository

WORKFLOW = """\
name: Release
on:
  release: {{types: [published]}}
permissions: {{}}
jobs:
  p:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - id: s
        run: |
{script}
        env: {{T: "${{{{ secrets.PYPI_TOKEN }}}}"}}
      - run: echo ${{{{ steps.s.outputs.x }}}}
      - run: twine upload dist/*
        env: {{TWINE_PASSWORD: "${{{{ secrets.PYPI_TOKEN }}}}"}}
"""


def _makefile() -> str:
    lines = [f"V{n} = {f'$(V{n + 1})' * 10}" for n in range(12)]
    return "\n".join([*lines, "V12 = a", "all:", "\techo $(V0)", "circle = $(circle)$(V0)"])


def _shell() -> str:
    lines = [f'V{n}="{f"$V{n + 1}" * 12}"' for n in range(8)]
    return "\n".join([*lines, "V8=$(git log)", 'echo "x=$V0" >> $GITHUB_OUTPUT'])


def _taskfile() -> str:
    lines = [f"  t{n}: {{cmds: [{', '.join([f'{{task: t{n + 1}}}'] * 12)}]}}" for n in range(9)]
    return "\n".join(["version: '3'", "tasks:", *lines, "  t9: echo"])


def _poe() -> str:
    lines = [f"t{n} = {{sequence={[f't{n + 1}'] * 12!r}}}" for n in range(9)]
    return "\n".join(['[project]\nname = "lumen"', "[tool.poe.tasks]", *lines, 't9 = "true"'])


def _justfile() -> str:
    return "\n".join([*(f"t{n}: {f't{n + 1} ' * 9}\n" for n in range(12)), "t12:\n"])


CASES = {
    "make": ("make all", "Makefile", _makefile()),
    "shell": (_shell(), "x.txt", ""),
    "task": ("task t0", "Taskfile.yml", _taskfile()),
    "poe": ("poe t0", "pyproject.toml", _poe()),
    "just": ("just t0", "justfile", _justfile()),
    "javascript": ("node a.js", "a.js", "\\`" * 20_000),
    "javascript, open text": ("node a.js", "a.js", "f('" * 20_000),
    "javascript, open comment": ("node a.js", "a.js", "/* " * 20_000),
}


@pytest.mark.parametrize("name", CASES)
def test_what_names_itself_many_times_is_read_to_the_end(name: str, tmp_path: Path) -> None:
    script, file, text = CASES[name]
    workflow = tmp_path / ".github" / "workflows" / "release.yml"
    workflow.parent.mkdir(parents=True)
    lines = "\n".join(f"          {line}" for line in script.split("\n"))
    workflow.write_text(WORKFLOW.format(script=lines), "utf-8")
    (tmp_path / file).write_text(text, "utf-8")
    index = index_hosts()
    snapshot = read_folder(tmp_path, RepositoryRef(owner="orchard-labs", name="lumen"))
    audited = audit(read_repository(snapshot, channel=index.channel_of), Rules(index=index))
    assert [p.mechanism for p in audited.publications] == ["twine upload"]


SECRET = "hunter2" + "secret"


@pytest.mark.parametrize(
    "line",
    [
        f"dotnet nuget push a.nupkg -k {SECRET} -s https://feed.example",
        f"poetry publish -u a -p{SECRET}",
        f"gem push a.gem --key {SECRET} && true",
        f"sshpass -p {SECRET} scp a b@c:/x",
        f"mysql -p{SECRET} -u root",
        f"echo {SECRET} | docker login --password-stdin",
        f"printf '%s' {SECRET} | gh auth login --with-token",
        f"vsce publish --pat {SECRET}",
    ],
)
def test_a_credential_behind_an_option_or_in_a_pipe_is_redacted(line: str) -> None:
    assert SECRET not in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        "mkdir -p dist/wheels",
        "echo hello | tee log.txt",
        "cp -pr a b",
        "curl -k https://feed.example",
        "poetry publish -p $TOKEN",
        "uv pip install -p 3.12 build",
    ],
)
def test_a_line_without_a_credential_stays(line: str) -> None:
    assert masked(line) == line
