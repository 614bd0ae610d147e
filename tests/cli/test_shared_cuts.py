"""Over an owner: the change that closes the paths of the most packages."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from shutil import rmtree

from audits.store.open import open_store
from dashboard.frames.exposure import shared_cuts
from tests.cli.conftest import write
from tests.cli.runner import release_audit

INDEX = ("--index-url", "https://pypi.example/simple/", "--offline", "--no-engine", "--allow-gaps")
RELEASE = """\
name: Release
on: {{release: {{types: [published]}}}}
permissions: {{}}
jobs:
  publish:
    runs-on: ubuntu-24.04
    environment: pypi
    permissions: {{id-token: write}}
    steps:
      - uses: acme/sign@{ref}
{more}      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
PIN = "pin `acme/sign` to a commit"


def release(ref: str = "v1", more: str = "") -> str:
    return RELEASE.format(ref=ref, more=more)


def organization(root: Path, **releases: str) -> Path:
    for name, text in releases.items():
        files = {".github/workflows/release.yml": text}
        project = {"pyproject.toml": f'[project]\nname = "{name}"\n'}
        write(root / "orchard" / name, {**files, **project})
    database = root / "history.sqlite"
    where = ("--folder", str(root / "orchard"), "--org", "orchard-labs")
    release_audit("scan", *where, "--database", str(database), *INDEX)
    return database


def test_one_change_for_several_packages_is_in_every_output(tmp_path: Path) -> None:
    also = release(more="      - uses: acme/pack@v2\n")
    database = organization(
        tmp_path, lumen=release(), moss=release(), tidepool=also, quiet=release("0" * 40)
    )
    ran = release_audit("report", "--database", str(database), "--format", "json")
    cuts = json.loads(ran.out)[0]["shared_cuts"]
    assert cuts[0] == {
        "change": PIN,
        "packages": 3,
        "alone": 2,
        "repositories": 3,
        "level": "third-party",
        "leaves": "unknown",
    }
    assert all(cut["packages"] > 1 for cut in cuts), "what one package needs is no such change"
    said = f"{PIN}: 3 packages (third-party) of 3 repositories; it alone closes 2"
    assert said in release_audit("report", "--database", str(database)).out
    markdown = release_audit("report", "--database", str(database), "--format", "markdown").out
    assert "### One change, many packages" in markdown
    html = release_audit("report", "--database", str(database), "--format", "html").out
    assert "One change, many packages" in html
    with closing(open_store(str(database), read_only=True)) as store:
        shown = shared_cuts(store.shared_cuts())
    assert shown.iloc[0].to_dict() == {
        "change": PIN.replace("`", ""),
        "packages": 3,
        "closed by it alone": 2,
        "repositories": 3,
        "now": "! third-party",
        "then": "? unknown",
    }


def test_repositories_that_came_and_went_are_named(tmp_path: Path) -> None:
    database = organization(tmp_path, lumen=release(), moss=release())
    rmtree(tmp_path / "orchard" / "moss")
    organization(tmp_path, tidepool=release())
    said = release_audit("report", "--database", str(database)).out
    assert "repositories for the first time: tidepool" in said
    assert "repositories that are gone, with their findings: moss" in said
    for form in ("markdown", "html"):
        shown = release_audit("report", "--database", str(database), "--format", form).out
        assert "Repositories that are gone, with their findings: moss." in shown
    ran = release_audit("report", "--database", str(database), "--format", "json")
    found = json.loads(ran.out)[0]
    assert (found["repositories_gone"], found["repositories_added"]) == (["moss"], ["tidepool"])


def test_packages_that_need_different_changes_share_none(tmp_path: Path) -> None:
    other = release("0" * 40, more="      - uses: acme/pack@v2\n")
    database = organization(tmp_path, lumen=release(), moss=other)
    ran = release_audit("report", "--database", str(database), "--format", "json")
    assert json.loads(ran.out)[0]["shared_cuts"] == []
