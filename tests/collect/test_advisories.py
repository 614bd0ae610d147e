"""The shipped list of advisories reads well, and lists survive being written and read."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.analysis.action_versions import is_range
from audits.collect.advisories import AdvisoryFileError, bundled, read, write
from audits.model.evidence import Advisory, AdvisoryList

GOOD = {"id": "GHSA-aaaa-bbbb-cccc", "package": "juniper-ci/upload", "ranges": ["<2.1.0"]}
words = st.text(max_size=12)
name = st.text(min_size=1, max_size=9)
ranges = st.lists(words, max_size=3).map(tuple)
advisories = st.builds(
    Advisory, id=name, package=name, ranges=ranges, severity=words, cve=words, published=words
)
many = st.lists(advisories, max_size=4).map(tuple)
lists = st.builds(AdvisoryList, taken=st.dates(), advisories=many)


def text_of(**changes: object) -> str:
    return json.dumps({"schema": 1, "taken": "2026-03-04", "advisories": [GOOD], **changes})


def test_the_shipped_list_is_dated_and_every_entry_can_be_judged() -> None:
    shipped = bundled()
    assert shipped.taken >= date(2026, 11, 22)
    assert not shipped.live
    assert len({advisory.id for advisory in shipped.advisories}) == len(shipped.advisories) >= 23
    for advisory in shipped.advisories:
        assert advisory.id.startswith("GHSA-")
        assert "/" in advisory.package
        assert advisory.severity in {"", "low", "medium", "high", "critical"}
        assert advisory.ranges
        assert all(map(is_range, advisory.ranges)), advisory


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
    ],
)
def test_what_is_no_list_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(AdvisoryFileError, match=sentence) as caught:
        read(text)
    assert caught.value.advice
