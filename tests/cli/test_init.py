"""``release-audit init`` on checkouts: what it shows, asks, writes, and never replaces."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import write
from tests.cli.runner import Ran, release_audit
from tests.collect.index.objects import Run
from tests.collect.index.server import serving
from tests.init.projects import PYTHON, files_of

RELEASE = ".github/workflows/release.yml"
DEPENDABOT = ".github/dependabot.yml"
INDEX = ("--index-url", "https://pypi.example/simple/")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write(tmp_path / "lumen", PYTHON[0].files)


def init(*words: object) -> Ran:
    return release_audit("init", *map(str, words), *INDEX)


def test_it_shows_and_ends_with_1_where_nobody_can_be_asked(checkout: Path) -> None:
    ran = init(checkout)
    assert ran.code == 1
    assert f"{RELEASE}  new" in ran.out
    assert "+    permissions:" in ran.out
    assert "scores A · 100 of 100 · 78% known at tier 0" in ran.out
    assert "What is left to you, in this order" in ran.out
    assert "this repository (no remote names it yet), workflow release.yml" in ran.out
    assert "local/" not in ran.out
    assert "'release-audit init --write' writes this." in ran.out
    assert not (checkout / ".github").exists()
    assert init(checkout, "--diff").out == ran.out


def test_it_writes_once_and_has_nothing_to_write_then(checkout: Path) -> None:
    ran = init(checkout, "--write")
    assert ran.code == 0, ran.err
    assert f"Wrote {RELEASE}, {DEPENDABOT}." in ran.err
    text = (checkout / RELEASE).read_text("utf-8")
    assert stat.S_IMODE((checkout / RELEASE).stat().st_mode) == 0o666 & ~_mask()
    again = init(checkout)
    assert again.code == 0
    assert "Nothing was written" not in again.out
    assert f"{RELEASE} is there as it would be written." in again.out
    assert (checkout / RELEASE).read_text("utf-8") == text
    checked = release_audit("check", str(checkout), "--no-engine", *INDEX)
    assert checked.code == 0, checked.out


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_changed_release_is_never_replaced(checkout: Path) -> None:
    init(checkout, "--write")
    path = checkout / RELEASE
    path.write_text(path.read_text("utf-8").replace("retention-days: 7", "retention-days: 3"))
    before = path.read_bytes()
    ran = init(checkout, "--write")
    assert ran.code == 2
    assert "lumen: It is published to PyPI already" in ran.out
    assert path.read_bytes() == before


def test_the_patch_is_what_git_takes(checkout: Path) -> None:
    ran = init(checkout, "--format", "patch")
    assert ran.code == 1
    assert ran.out.startswith(f"diff --git a/{RELEASE} b/{RELEASE}\nnew file mode 100644\n")


def test_json_has_the_files_the_score_and_the_steps(checkout: Path) -> None:
    ran = init(checkout, "--format", "json", "--private")
    found = json.loads(ran.out)
    assert [file["path"] for file in found["files"]] == [RELEASE, DEPENDABOT]
    assert (found["grade"], found["points"]) == ("A", 100.0)
    assert "paid plan" in found["steps"][0]["text"]


def test_a_refusal_is_reported_in_every_form(tmp_path: Path) -> None:
    root = write(tmp_path / "empty", {".github/CODEOWNERS": "* @orchard-labs/all\n"})
    text = init(root)
    assert text.code == 2
    assert "Not written: No package is named here" in text.out
    patch = init(root, "--format", "patch")
    assert patch.out == ""
    assert "error: No package is named here" in patch.err


def test_what_cannot_be_read_ends_with_3(checkout: Path) -> None:
    write(checkout, {".github/workflows/other.yml": "on: [push\n"})
    ran = init(checkout, "--write")
    assert ran.code == 3
    assert "may publish already" in ran.out
    assert not (checkout / RELEASE).exists()


def test_a_folder_inside_a_checkout_is_one_package(tmp_path: Path) -> None:
    files = {**files_of(PYTHON[0], "a/b/c/core"), "web/package.json": '{"name": "lumen-web"}'}
    root = write(tmp_path / "lumen", files)
    (root / ".git").mkdir()
    write(root, {".git/HEAD": "ref: refs/heads/main\n"})
    ran = init(root / "a" / "b" / "c" / "core", "--write")
    assert ran.code == 0, ran.out
    assert "--outdir dist ./a/b/c/core" in (root / RELEASE).read_text("utf-8")


def test_a_folder_that_is_no_checkout_yet_may_hold_packages(tmp_path: Path) -> None:
    root = write(tmp_path / "lumen", files_of(PYTHON[0], "core"))
    assert init(root, "--write").code == 0
    assert "--outdir dist ./core" in (root / RELEASE).read_text("utf-8")


def test_links_that_lead_out_are_not_followed(checkout: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (checkout / ".github").symlink_to(outside)
    ran = init(checkout, "--write")
    assert ran.code != 0
    assert not list(outside.iterdir())


def test_a_linked_package_folder_is_no_package(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere", PYTHON[0].files)
    root = write(tmp_path / "lumen", {"README.md": "", ".github/CODEOWNERS": ""})
    (root / "core").symlink_to(outside)
    assert "No package is named here" in init(root).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--write", "--diff"), "--write and --diff exclude each other"),
        (("--online", "--offline"), "--online and --offline exclude each other"),
        (("--package", "lantern"), "No package here is called 'lantern'"),
    ],
)
def test_wrong_use_is_one_sentence(checkout: Path, words: tuple[str, ...], said: str) -> None:
    ran = init(checkout, *words)
    assert ran.code == 2
    assert said in ran.out + ran.err


def test_there_must_be_a_checkout(tmp_path: Path) -> None:
    assert "There is no folder" in init(tmp_path / "none").err
    assert "No package is named here" in init(tmp_path).out
    bare = write(
        tmp_path / "bare", {"HEAD": "ref: refs/heads/main\n", "refs/x": "", "objects/x": ""}
    )
    assert "is a bare clone" in init(bare).err


@pytest.mark.parametrize("environment", ["release", None])
def test_online_it_keeps_the_publisher_of_the_newest_release(
    checkout: Path, environment: str | None, tmp_path: Path
) -> None:
    config = '[remote "origin"]\n\turl = https://github.com/orchard-labs/lumen.git\n'
    git = {"HEAD": "ref: refs/heads/main\n", "config": config, "objects/x": "", "refs/x": ""}
    write(checkout, {f".git/{name}": text for name, text in git.items()})
    with serving() as index:
        run = Run(workflow="wheels.yml", environment=environment)
        index.project("lumen", [index.release("lumen", "1.0", 3, run)])
        words = ("init", str(checkout), "--online", "--write", "--index-url", index.simple)
        ran = release_audit(*words, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert ran.code == 0, ran.out + ran.err
    text = (checkout / ".github" / "workflows" / "wheels.yml").read_text("utf-8")
    assert f"      name: {environment or 'pypi'}\n" in text
