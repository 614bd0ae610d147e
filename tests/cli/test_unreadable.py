"""Files and folders that this user may not read: each is a gap that says so, in every repository,
and nothing that was found there before counts as fixed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.runner import release_audit
from tests.patience import PATIENCE

RELEASE = ".github/workflows/release.yml"
FILES = {
    RELEASE: """\
name: Release
on: {push: {tags: ["v*"]}}
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/up
      - run: ./ci/release.sh
        env: {TWINE_PASSWORD: "${{ secrets.PYPI }}"}
""",
    ".github/actions/up/action.yml": (
        'runs:\n  using: composite\n  steps: [{run: "twine upload dist/*", shell: bash}]\n'
    ),
    ".github/dependabot.yml": "version: 2\nupdates: []\n",
    "ci/release.sh": "twine upload dist/*\n",
    "pyproject.toml": '[project]\nname = "lumen"\n',
}
CLOSED = {
    "workflow": (RELEASE, RELEASE),
    "workflows": (".github/workflows", ".github/workflows"),
    "github": (".github", ".github"),
    "action": (".github/actions/up/action.yml", ".github/actions/up/action.yml"),
    "actions": (".github/actions", ".github/actions"),
    "updates": (".github/dependabot.yml", ".github/dependabot.yml"),
    "script": ("ci/release.sh", "ci/release.sh"),
    "scripts": ("ci", "ci/release.sh"),
    "metadata": ("pyproject.toml", "pyproject.toml"),
    "git": (".git", ".git"),
    "head": (".git/HEAD", ".git"),
    "config": (".git/config", ".git"),
    "objects": (".git/objects", ".git"),
    "bare-head": ("HEAD", "repository"),
    "bare-objects": ("objects", "repository"),
    "whole": ("", "repository"),
}
"""What is closed in each repository, and the subject of its gap."""

# Root may read everything by two capabilities: https://man7.org/linux/man-pages/man7/capabilities.7.html
# A process that gave them up reads its own files by their modes, like anybody else.
_WITHOUT = """\
import ctypes, os, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, by PR_CAPBSET_DROP
        if libc.prctl(24, capability, 0, 0, 0) != 0:
            sys.exit("the capability was not given up")
program = "from audits.cli import main; main()"
os.execv(sys.executable, [sys.executable, "-c", program, *sys.argv[1:]])
"""


def git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=x", "-c", "user.email=x@x.example")
    subprocess.run(["git", "-C", str(folder), *name, *words], check=True, capture_output=True)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Path]:
    """A folder of repositories, all alike but for their kind."""
    first = tmp_path / "first"
    for name, text in FILES.items():
        path = first / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git(first, "init", "-q", "-b", "main")
    git(first, "add", ".")
    git(first, "commit", "-qm", "one")
    folder = tmp_path / "orchard-labs"
    for name in CLOSED:
        bare = name.startswith("bare")
        shutil.copytree(first / ".git" if bare else first, folder / name)
    yield folder
    for name, (closed, _) in CLOSED.items():
        (folder / name / closed).chmod(0o755)


def as_anybody(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT, *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
@pytest.mark.skipif(
    os.name == "posix" and os.geteuid() == 0 and sys.platform != "linux",
    reason="root can give up reading everything on Linux only",
)
def test_what_may_not_be_read_is_a_gap_of_its_repository(owner: Path, tmp_path: Path) -> None:
    offline = ("--folder", str(owner), "--offline", "--no-engine")
    store = ("--database", str(tmp_path / "history.sqlite"))
    assert release_audit("scan", *offline, *store).code in {0, 3}
    before = records(tmp_path, "findings", store)
    for name, (path, _) in CLOSED.items():
        (owner / name / path).chmod(0)
    ran = as_anybody("scan", *offline, *store)
    assert ran.returncode == 3, ran.stderr
    gaps = records(tmp_path, "gaps", store)
    refused = {(gap["repository"], gap["subject"]) for gap in gaps if gap["reason"] == "forbidden"}
    assert {(name, subject) for name, (_, subject) in CLOSED.items()} <= refused
    after = records(tmp_path, "findings", store)
    fixed = [row for row in after if row["state"] == "fixed"]
    assert not [(row["repository"], row["check"]) for row in fixed]
    assert {row["repository"] for row in before} <= {row["repository"] for row in after}


def records(tmp_path: Path, table: str, store: tuple[str, str]) -> list[dict[str, str]]:
    folder = tmp_path / f"export {table}"
    shutil.rmtree(folder, ignore_errors=True)
    assert release_audit("export", str(folder), "--with-fixed", *store).code == 0
    lines = (folder / f"{table}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
