"""Versions are read, ordered and held against ranges as advisories and bots mean them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.analysis.action_versions import (
    Version,
    best_tag,
    is_range,
    is_within,
    newest_is_within,
    parse_version,
    version_comment,
    version_of_ref,
)


def version(text: str) -> Version:
    found = parse_version(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "numbers", "pre"),
    [
        ("v4", (4,), ""),
        ("4.1", (4, 1), ""),
        ("V2.0.0-beta.1", (2, 0, 0), "-beta.1"),
        ("1.2.3+build", (1, 2, 3), ""),
        ("2024.1.2.3", (2024, 1, 2, 3), ""),
    ],
)
def test_versions_are_read(text: str, numbers: tuple[int, ...], pre: str) -> None:
    assert version(text) == Version(numbers=numbers, pre=pre)


@pytest.mark.parametrize("text", ["main", "release/v1", "", "v", "v1..2", "1.2.3 x", "stable-4"])
def test_names_are_no_versions(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("ref", "numbers"), [("release/v1", (1,)), ("action-v2.1", (2, 1)), ("v3", (3,))]
)
def test_refs_may_have_words_in_front(ref: str, numbers: tuple[int, ...]) -> None:
    found = version_of_ref(ref)
    assert found is not None
    assert found.numbers == numbers


def test_branches_have_no_version() -> None:
    assert version_of_ref("main") is None
    assert version_of_ref("feature/very-fast") is None


@pytest.mark.parametrize(
    ("comment", "named"),
    [
        ("v4.1.7", "v4.1.7"),
        ("4.1.7", "4.1.7"),
        ("v4", "v4"),
        ("tag=v4.1.7", "v4.1.7"),
        ("version: 4.1.7", "4.1.7"),
        ("ver=4", "4"),
        ("pin @v4", "v4"),
        ("renovate: tag=v4", "v4"),
        ("ratchet:actions/checkout@v4.1.7", "v4.1.7"),
        ("actions/checkout v4.1.7", "v4.1.7"),
        ("v4.1.7, see the notes", "v4.1.7"),
        ("v4.1.7 # zizmor: ignore[x]", "v4.1.7"),
        ("release/v1.12", "release/v1.12"),
        ("main", ""),
        ("", ""),
        ("for Node 20", ""),
        ("yamllint disable-line rule:line-length", ""),
    ],
)
def test_comments_name_versions(comment: str, named: str) -> None:
    assert version_comment(comment) == named


@pytest.mark.parametrize(
    ("tags", "best"),
    [
        (("v4", "v4.1.7", "v4.1"), "v4.1.7"),
        (("v2.0.0-rc1", "v1.9"), "v1.9"),
        (("v2.0.0-rc1",), "v2.0.0-rc1"),
        (("nightly", "main"), ""),
        ((), ""),
    ],
)
def test_the_most_precise_tag_is_chosen(tags: tuple[str, ...], best: str) -> None:
    assert best_tag(tags) == best


@pytest.mark.parametrize(
    ("text", "ranges", "answer"),
    [
        ("v4.1.2", (">= 4.0.0, < 4.1.3",), True),
        ("v4.1.3", (">= 4.0.0, < 4.1.3",), False),
        ("v3.9.9", (">=4.0.0, <4.1.3",), False),
        ("45.0.7", ("<=45.0.7",), True),
        ("1.0.0", ("= 1",), True),
        ("1.0.1", ("=1",), False),
        ("1.0.0", (">1.0.0",), False),
        ("v2.0.0-rc1", ("<2",), True),
        ("v4", (">=4.0.0, <4.1.3",), None),
        ("v3", ("<41",), True),
        ("v41", ("<41",), False),
        ("v4", ("<1", ">=4, <5"), True),
        ("1.0.0", ("unclear",), None),
        ("v1", ("unclear",), None),
    ],
)
def test_versions_are_held_against_ranges(
    text: str, ranges: tuple[str, ...], answer: bool | None
) -> None:
    assert is_within(version(text), ranges) is answer


def test_a_partial_tag_stands_for_its_newest_release() -> None:
    assert not newest_is_within(version("v4"), (">=4.0.0, <4.1.3",))
    assert newest_is_within(version("v3"), ("<41",))
    assert newest_is_within(version("v4.1.2"), (">=4.0.0, <4.1.3",))


@pytest.mark.parametrize("text", ["", "4", "~> 1", "< main", ">=1,"])
def test_what_is_no_range_is_reported(text: str) -> None:
    assert not is_range(text)


numbers = st.lists(st.integers(0, 30), min_size=1, max_size=3).map(lambda n: ".".join(map(str, n)))


@given(numbers, numbers)
def test_a_bound_divides_all_full_versions(one: str, two: str) -> None:
    full = version(".".join([*one.split("."), "0", "0"][:3]))
    below, above = is_within(full, (f"<{two}",)), is_within(full, (f">={two}",))
    assert {below, above} == {True, False}


@given(numbers, numbers)
def test_what_holds_for_a_partial_version_holds_for_its_newest(one: str, bound: str) -> None:
    answer = is_within(version(one), (f"<{bound}",))
    if answer is not None:
        assert newest_is_within(version(one), (f"<{bound}",)) is answer


@given(st.text(max_size=60))
def test_any_text_may_be_asked(text: str) -> None:
    named = version_comment(text)
    assert named == "" or version_of_ref(named) is not None
    is_range(text)
