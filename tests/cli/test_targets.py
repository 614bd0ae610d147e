"""What ``check`` and ``scan`` may be given, and how they say what they do not understand."""

from __future__ import annotations

import io
import json
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from audits.cli.exits import UsageError
from audits.cli.targets import CheckTarget, find_target
from audits.store.open import open_store
from tests.cli.conftest import TOKEN, write
from tests.cli.runner import Ran, release_audit

QUIET = ("--offline", "--no-engine", "--index-url", "https://pypi.example/simple/")
RELEASE = ".github/workflows/release.yml"


def checked(*words: str) -> Ran:
    return release_audit("check", *words, *QUIET)


@pytest.mark.parametrize(
    "word",
    [
        "orchard-labs/lumen",
        "https://github.com/orchard-labs/lumen",
        "https://github.com/orchard-labs/lumen/",
        "https://github.com/orchard-labs/lumen.git",
        "http://github.com/orchard-labs/lumen/tree/main/src",
        "https://somebody@github.com/orchard-labs/lumen",
        "git@github.com:orchard-labs/lumen.git",
        "git@github.com:orchard-labs/lumen",
        "ssh://git@github.com/orchard-labs/lumen.git",
        "ssh://git@GitHub.com:22/orchard-labs/lumen.git",
    ],
)
def test_repositories_on_github_are_named_in_every_usual_way(word: str) -> None:
    target = find_target(word, host="github.com", offline=False)
    assert target == CheckTarget(slug="orchard-labs/lumen")
    with pytest.raises(UsageError):
        find_target(word, host="github.com", offline=True)


@pytest.mark.parametrize(
    "word",
    [
        "https://gitlab.example/orchard-labs/lumen",
        "git@ghe.example:orchard-labs/lumen.git",
        "https://github.com/orchard-labs",
        "https://github.com",
        "orchard-labs/",
        "a/b/c",
        "",
        "..x",
        "https://github.com/../lumen",
    ],
)
def test_a_target_that_does_not_exist_is_reported(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = release_audit("check", word)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "\nadvice: " in ran.err


def test_a_folder_inside_a_checkout_leads_to_its_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "lumen", {RELEASE: TOKEN, ".git/HEAD": "ref: refs/heads/main\n"})
    inner = root / "src" / "deep"
    inner.mkdir(parents=True)
    write(root / "src", {"package.json": "{}"})
    whole = checked(str(root)).out
    assert "long-lived-token" in whole
    for place in (inner, root / "src", root / ".github" / "workflows"):
        assert checked(str(place)).out == whole
    monkeypatch.chdir(inner)
    assert checked().out == whole
    assert checked(".").out == whole
    own = write(root / "cases" / "one", {RELEASE: "on: push\njobs: {a: {runs-on: x, steps: []}}\n"})
    assert "nothing is published" in checked(str(own)).out


def test_a_workflow_file_stands_for_itself_and_what_it_calls(tmp_path: Path) -> None:
    caller = "on: push\njobs: {a: {uses: ./.github/workflows/called.yml, secrets: inherit}}\n"
    called = TOKEN.replace("on: {release: {types: [published]}}", "on: workflow_call")
    files = {
        RELEASE: caller,
        ".github/workflows/called.yml": called,
        ".github/workflows/other.yml": TOKEN,
    }
    root = write(tmp_path / "lumen", files)
    found = json.loads(checked(str(root / RELEASE), "--format", "json").out)
    assert {p["workflow"] for p in found["publications"]} == {".github/workflows/called.yml"}
    assert not [gap for gap in found["gaps"] if not gap["optional"]]
    loose = write(tmp_path, {"loose.yml": TOKEN}) / "loose.yml"
    found = json.loads(checked(str(loose), "--format", "json").out)
    assert [p["workflow"] for p in found["publications"]] == [".github/workflows/loose.yml"]
    assert checked(str(write(tmp_path, {"notes.txt": ""}) / "notes.txt")).code == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [(TOKEN.encode(), 1), (b"\xff\xfe", 3), (b"jobs: [", 3), (b"#" * 3_000_000, 3)],
)
def test_standard_input_is_a_workflow(
    content: bytes, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    ran = checked("-")
    assert (ran.code, ran.err) == (code, "")
    assert "local/stdin" in ran.out


BESIDE = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0
      - uses: actions/checkout@v7
      - uses: ./tools/prepare
      - run: bash scripts/build.sh
      - run: make dist
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


def test_what_lies_beside_a_workflow_that_is_given_alone_is_not_seen_and_not_absent(
    tmp_path: Path,
) -> None:
    loose = write(tmp_path, {"loose.yml": BESIDE}) / "loose.yml"
    ran = checked(str(loose), "--format", "json")
    found = json.loads(ran.out)
    outcomes = {check["check"]: check["outcome"] for check in found["checks"]}
    for check in ("updates-not-automated", "cached-release-build", "incomplete-lock-file"):
        assert outcomes[check] == "unknown", check
    missing = {gap["subject"]: gap["optional"] for gap in found["gaps"]}
    assert missing == {"tools/prepare": False, "scripts/build.sh": False, "GNUmakefile": False}
    assert ran.code == 3
    # in a repository the same files are absent
    root = write(tmp_path / "lumen", {RELEASE: BESIDE, "package.json": "{}"})
    ran = checked(str(root), "--format", "json")
    found = json.loads(ran.out)
    outcomes = {check["check"]: check["outcome"] for check in found["checks"]}
    assert outcomes["updates-not-automated"] == "fail"
    assert outcomes["cached-release-build"] == "pass"
    assert outcomes["incomplete-lock-file"] == "not-applicable"
    assert (found["gaps"], ran.code) == ([], 1)


def test_several_are_printed_one_after_the_other(tmp_path: Path) -> None:
    good = write(tmp_path / "good", {RELEASE: "on: push\njobs: {a: {runs-on: x, steps: []}}\n"})
    bad = write(tmp_path / "bad", {RELEASE: "jobs: ["})
    loud = write(tmp_path / "loud", {RELEASE: TOKEN})
    assert (checked(str(good), str(loud)).code, checked(str(good), str(loud), str(bad)).code) == (
        1,
        3,
    )
    listed = json.loads(checked(str(good), str(loud), str(good), "--format", "json").out)
    assert [entry["repository"] for entry in listed] == ["good", "loud"]
    assert checked(str(good), str(loud), "--format", "sarif").code == 2
    assert checked(str(good), str(tmp_path / "none")).code == 2


def test_several_folders_are_one_scan_and_no_repository_is_lost(tmp_path: Path) -> None:
    for place in ("one/a", "one/b", "two/b", "two/c"):
        write(tmp_path / place, {RELEASE: TOKEN})
    database = f"sqlite:///{tmp_path / 'history.sqlite'}"
    words = ("--folder", str(tmp_path / "one"), "--folder", str(tmp_path / "two"))
    ran = release_audit("scan", *words, "--database", database, *QUIET)
    assert ran.code == 0
    store = open_store(database, read_only=True)
    assert {(r.owner, r.repository) for r in store.repositories()} == {
        ("one", "a"),
        ("one", "b"),
        ("two", "b"),
        ("two", "c"),
    }
    ran = release_audit("scan", *words, "--org", "labs", "--database", database, *QUIET)
    assert ran.code == 3
    assert "labs/b already; rename one of them" in ran.out
    assert {r.repository for r in store.repositories(owner="labs")} == {"a", "b", "c"}
    assert (
        release_audit("scan", *words, "--folder", str(tmp_path / "x"), "--database", database).code
        == 2
    )
    store.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chek",), "No such command 'chek'. Did you mean 'check'?"),
        (("check", "--fromat", "json"), "No such option"),
        (("check", "--format", "xml"), "Invalid value for '--format'"),
        (("check", "--online", "--offline"), "exclude each other"),
        (("doctor",), "Missing argument 'OWNER'"),
        (("db", "upgade"), "No such command 'upgade'"),
        (("check", "."), ""),
    ],
)
def test_wrong_use_is_reported_one_way(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = release_audit(*words)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert said in ran.err
    assert ran.err.count("Did you mean") <= 1
    assert ran.err.splitlines()[-1].startswith("advice: ")
    assert "Usage:" not in ran.err


def test_waivers_that_ended_or_match_nothing_are_reported(tmp_path: Path) -> None:
    root = write(tmp_path / "lumen", {RELEASE: TOKEN})
    today = date.today()
    entry = '[[waiver]]\nrepository = "{}"\ncheck = "{}"\nresponsible = "a"\nreason = "b"\nexpires = {}\n'
    path = (
        write(
            tmp_path,
            {
                "w.toml": "".join(
                    [
                        entry.format("local/lumen", "long-lived-token", today - timedelta(days=1)),
                        entry.format("local/lumen", "unpinned-action", today),
                        entry.format("local/lumen", "dangerous-trigger", today),
                        entry.format("local/*", "dangerous-trigger", today),
                        entry.format("other/lumen", "long-lived-token", today - timedelta(days=1)),
                    ]
                )
            },
        )
        / "w.toml"
    )
    ran = release_audit("check", str(root), "--waivers", str(path), *QUIET)
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert "line 1: the waiver of long-lived-token for local/lumen expired on" in lines[0]
    assert "line 13: the waiver of dangerous-trigger for local/lumen matches nothing" in lines[1]
    words = (
        "--folder",
        str(tmp_path),
        "--org",
        "local",
        "--database",
        f"sqlite:///{tmp_path}/h.sqlite",
    )
    for _ in range(2):
        printed = release_audit("scan", *words, "--waivers", str(path), *QUIET).out
        assert (
            printed.count("matches nothing: the waiver of dangerous-trigger for local/lumen") == 1
        )
        assert printed.count("matches nothing") == 1


def test_a_large_repository_is_summarized_in_few_lines(tmp_path: Path) -> None:
    steps = "".join(f"      - uses: actions/checkout@v4 # {n}\n" for n in range(30))
    many = TOKEN.replace("      - uses: actions/checkout@v4\n", steps)
    root = write(tmp_path / "lumen", {f".github/workflows/w{n}.yml": many for n in range(60)})
    ran = checked(str(root))
    lines = ran.out.splitlines()
    record = json.loads(checked(str(root), "--format", "json").out)
    assert len(record["findings"]) > 1000
    assert len([line for line in lines if "unpinned-action" in line]) <= 15
    assert any("more; --format json lists all" in line for line in lines)
    findings = lines[lines.index("") :]
    assert len([line for line in findings if line.startswith(("high", "medium", "low"))]) < 150
