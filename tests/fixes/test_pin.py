"""What a reference is, in words, and the edit that pins it."""

from __future__ import annotations

import pytest

from audits.analysis.action_refs import moving, spelled, version_today
from audits.fixes.pin import comment_edits, pin_edits
from audits.model.evidence import ResolvedRef
from audits.model.outcome import Edit
from audits.model.settings import Need, Unseen
from audits.model.source import SourceFile
from audits.model.uses import Uses
from audits.workflow.parse.parse import parse_workflow

COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
UNSEEN = Unseen(need=Need.REFERENCES, reason="not asked")
HEAD = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - "


def used(step: str) -> tuple[SourceFile, Uses]:
    source = SourceFile.of("w.yml", (HEAD + step + "\n").encode())
    workflow = parse_workflow(source).workflow
    assert workflow is not None
    uses = workflow.jobs[0].steps[0].uses
    assert uses is not None
    return source, uses


def applied(source: SourceFile, edits: tuple[Edit, ...]) -> str:
    text = source.text
    for edit in sorted(edits, key=lambda e: -e.start):
        assert text[edit.start : edit.end] == edit.old
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text.removeprefix(HEAD).removesuffix("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("uses: a/b@v4", f"uses: a/b@{COMMIT} # v4.1.0"),
        ("uses: 'a/b/c@v4'", f"uses: 'a/b/c@{COMMIT}' # v4.1.0"),
        ("uses: a/b@v4 # v4.0.0", f"uses: a/b@{COMMIT} # v4.1.0"),
        ("uses: a/b@v4   # tag=v4 # why", f"uses: a/b@{COMMIT}   # tag=v4.1.0 # why"),
        ("uses: a/b@v4 # pin later", f"uses: a/b@{COMMIT} # v4.1.0 # pin later"),
        ("{uses: a/b@v4, if: always()}", "{uses: a/b@v4, if: always()}"),
        ("uses: >-\n          a/b@v4", "uses: >-\n          a/b@v4"),
    ],
)
def test_a_pin_keeps_the_line_and_names_the_version(before: str, after: str) -> None:
    source, uses = used(before)
    edits = pin_edits(source, uses, COMMIT, "v4.1.0")
    assert applied(source, edits) == after
    if edits:
        again, pinned = used(after)
        assert pinned.is_pinned
        assert applied(again, comment_edits(again, pinned, "v4.1.0")) == after


def test_without_a_version_nothing_is_pinned() -> None:
    source, uses = used("uses: a/b@main")
    assert pin_edits(source, uses, COMMIT, "") == ()
    assert pin_edits(source, uses, COMMIT, "nightly") == ()
    assert pin_edits(None, uses, COMMIT, "v4") == ()


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("v4", "is a tag that can be moved to other code"),
        ("release/v1", "is a branch or a tag that can be moved"),
        ("3d3c42e", "no full commit id"),
        (COMMIT + "0", "no full commit id"),
        ("20240101", "is a tag that can be moved"),
        ("${{ inputs.ref }}", "takes its ref from an expression"),
    ],
)
def test_a_reference_is_described_offline(ref: str, said: str) -> None:
    _, uses = used(f"uses: a/b@{ref}")
    assert said in moving(uses, UNSEEN)
    assert spelled(uses) in moving(uses, UNSEEN)


def test_a_branch_is_described_by_what_it_is_today() -> None:
    _, uses = used("uses: a/b@release/v1")
    known = ResolvedRef(
        slug="a/b",
        ref="release/v1",
        commit=COMMIT,
        is_branch=True,
        tags=("v1.4.0",),
        newest_release="v1.5.0",
    )
    assert moving(uses, known) == (
        "`a/b@release/v1` is a branch: today it is `3d3c42e` (v1.4.0), and the newest release "
        "is v1.5.0"
    )
    assert version_today(known) == "v1.4.0"


def test_a_tag_names_its_own_version_where_its_commit_has_no_other() -> None:
    known = ResolvedRef(slug="a/b", ref="v4", commit=COMMIT, is_tag=True, tags=UNSEEN)
    assert version_today(known) == "v4"
    gone = ResolvedRef(slug="a/b", ref="v4", commit=None)
    _, uses = used("uses: a/b@v4")
    assert moving(uses, gone) == moving(uses, UNSEEN)
