"""The shipped list of advisories reads well, and lists survive being written and read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.analysis.action_versions import is_range
from audits.collect.advisories import (
    AdvisoryFileError,
    bundled,
    keep,
    newest,
    read,
    with_commits,
    write,
)
from audits.model.evidence import Advisory, AdvisoryList

GOOD = {"id": "GHSA-aaaa-bbbb-cccc", "package": "juniper-ci/upload", "ranges": ["<2.1.0"]}
words = st.text(max_size=12)
name = st.text(min_size=1, max_size=9)
ranges = st.lists(words, max_size=3).map(tuple)
advisories = st.builds(
    Advisory,
    id=name,
    package=name,
    ranges=ranges,
    severity=words,
    cve=words,
    published=words,
    commits=ranges,
)
many = st.lists(advisories, max_size=4).map(tuple)
lists = st.builds(
    AdvisoryList, taken=st.dates(), advisories=many, complete=st.booleans(), source=words
)


def text_of(**changes: object) -> str:
    return json.dumps({"schema": 1, "taken": "2026-03-04", "advisories": [GOOD], **changes})


def test_the_shipped_list_is_dated_and_every_entry_can_be_judged() -> None:
    shipped = bundled()
    assert shipped.taken >= date(2026, 11, 22)
    assert not shipped.live
    named = {(advisory.id, advisory.package) for advisory in shipped.advisories}
    assert len(named) == len(shipped.advisories) >= 25
    assert not shipped.complete
    assert shipped.source.startswith("https://github.com/advisories")
    for advisory in shipped.advisories:
        assert advisory.id.startswith("GHSA-")
        assert "/" in advisory.package
        assert advisory.severity in {"", "low", "medium", "high", "critical"}
        assert advisory.ranges
        assert all(map(is_range, advisory.ranges)), advisory
        assert all(len(commit) == 40 and int(commit, 16) for commit in advisory.commits)


def test_a_list_is_read() -> None:
    found = read(text_of())
    assert found.taken == date(2026, 3, 4)
    assert found.advisories == (
        Advisory(id="GHSA-aaaa-bbbb-cccc", package="juniper-ci/upload", ranges=("<2.1.0",)),
    )


@given(lists)
def test_a_written_list_reads_as_itself(known: AdvisoryList) -> None:
    again = read(write(known))
    assert again.taken == known.taken
    assert set(again.advisories) == set(known.advisories)
    assert (again.complete, again.source) == (known.complete, known.source)
    assert write(again) == write(known)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not of schema 1"),
        (text_of(schema=2), "not of schema 1"),
        (text_of(taken="soon"), "has no date"),
        (text_of(advisories={}), "has no advisories"),
        (text_of(advisories=[GOOD, 3]), "Advisory 2 of the list is not a map"),
        (text_of(advisories=[{**GOOD, "id": ""}]), "Advisory 1 of the list lacks its id"),
        (text_of(advisories=[{**GOOD, "cve": None}]), "has a field that is no text"),
        (text_of(advisories=[{**GOOD, "ranges": "<2"}]), "lacks its ranges"),
        (text_of(advisories=[{**GOOD, "commits": [1]}]), "has commits that are no texts"),
    ],
)
def test_what_is_no_list_is_reported_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(AdvisoryFileError, match=sentence) as caught:
        read(text)
    assert caught.value.advice


def test_the_newest_list_is_used_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "advisories.json"
    assert newest(place) == bundled()
    later = AdvisoryList(taken=date(2099, 1, 1), advisories=(), complete=True, source="x")
    keep(later, place)
    found = newest(place)
    assert found.taken == later.taken
    assert found.complete
    keep(AdvisoryList(taken=date(2020, 1, 1), advisories=()), place)
    assert newest(place) == bundled()
    place.write_text("{", "utf-8")
    assert newest(place) == bundled()
    assert [path.name for path in place.parent.iterdir()] == ["advisories.json"]


def test_a_list_of_github_gets_the_commits_that_its_database_does_not_name() -> None:
    shipped = bundled()
    (known,) = (
        a for a in shipped.advisories if a.package == "tj-actions/changed-files" and a.commits
    )
    asked = AdvisoryList(
        taken=date(2026, 11, 29),
        advisories=(Advisory(id=known.id, package=known.package.upper(), ranges=("<=45.0.8",)),),
    )
    found = with_commits(asked, shipped)
    assert found.advisories[0].ranges == ("<=45.0.8",)
    assert found.advisories[0].commits == known.commits
    assert {a.package for a in found.advisories} > {"aquasecurity/trivy-action"}
