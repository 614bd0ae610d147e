"""The file of waivers: what it accepts and for how long, and how its mistakes are reported."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.suppressions.waivers import LONGEST, WARN_BEFORE, Waivers, read_waivers

TODAY = date(2026, 3, 1)
CHECKS = frozenset({"unpinned-action", "shared-environment", "zizmor/github-env"})
ENTRY = {
    "repository": '"orchard-labs/lumen"',
    "check": '"unpinned-action"',
    "responsible": '"release team"',
    "reason": '"pinned with the next release"',
    "expires": "2026-04-01",
}


def entry(**changed: str | None) -> str:
    fields = {key: value for key, value in {**ENTRY, **changed}.items() if value is not None}
    return "[[waiver]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def read(text: str, today: date = TODAY) -> Waivers:
    return read_waivers(text, today, CHECKS)


def test_an_entry_is_read_with_its_line() -> None:
    waivers = read("# reviewed\n\n" + entry(ticket='"OPS-41"'))
    assert not waivers.problems
    (waiver,) = waivers.waivers
    assert (waiver.line, waiver.responsible, waiver.ticket) == (3, "release team", "OPS-41")
    assert waiver.expires == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("pattern", "repository", "covered"),
    [
        ("orchard-labs/lumen", "orchard-labs/lumen", True),
        ("Orchard-Labs/LUMEN", "orchard-labs/lumen", True),
        ("orchard-labs/*", "orchard-labs/lumen", True),
        ("orchard-labs/lum?n", "orchard-labs/lumen", True),
        ("*", "orchard-labs/lumen", True),
        ("orchard-labs/lumen", "orchard-labs/lumen-docs", False),
        ("orchard-labs/*", "quince-labs/lumen", False),
    ],
)
def test_a_pattern_covers_repositories(pattern: str, repository: str, covered: bool) -> None:
    waivers = read(entry(repository=f'"{pattern}"'))
    assert (waivers.match(repository, "unpinned-action", "a.yml") is not None) is covered
    assert waivers.match(repository, "shared-environment", "a.yml") is None


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        (".github/workflows/release.yml", ".github/workflows/release.yml", True),
        (".github/workflows/release-*.yml", ".github/workflows/release-docs.yml", True),
        (".github/workflows/release.yml", ".github/workflows/Release.yml", False),
        (".github/workflows/release.yml", ".github/workflows/nightly.yml", False),
        (".github/workflows/release.yml", "", False),
    ],
)
def test_a_path_narrows_a_waiver_to_files(pattern: str, path: str, covered: bool) -> None:
    waivers = read(entry(path=f'"{pattern}"'))
    assert not waivers.problems
    assert (waivers.match("orchard-labs/lumen", "unpinned-action", path) is not None) is covered


@pytest.mark.parametrize("path", ['""', '" "', '"/release.yml"', '"./release.yml"', "3"])
def test_a_path_that_names_no_file_accepts_nothing(path: str) -> None:
    waivers = read(entry(path=path))
    assert not waivers.waivers
    assert "path" in waivers.problems[0].detail


def test_two_files_of_a_repository_have_waivers_of_their_own() -> None:
    both = read(entry(path='"a.yml"') + "\n" + entry(path='"b.yml"'))
    assert not both.problems
    assert len(both.waivers) == 2


def test_a_waiver_holds_through_its_last_day_and_no_longer() -> None:
    last = date(2026, 4, 1)
    for day, holds in ((last, True), (last + timedelta(days=1), False)):
        waivers = read(entry(), day)
        assert (
            waivers.match("orchard-labs/lumen", "unpinned-action", "a.yml") is not None
        ) is holds
        assert bool(waivers.expired()) is not holds


def test_the_end_is_reported_thirty_days_before() -> None:
    last = date(2026, 4, 1)
    assert not read(entry(), last - WARN_BEFORE - timedelta(days=1)).expiring()
    assert read(entry(), last - WARN_BEFORE).expiring()
    assert read(entry(), last).expiring()
    assert not read(entry(), last + timedelta(days=1)).expiring()


def test_ninety_days_are_the_most() -> None:
    assert not read(entry(expires=(TODAY + LONGEST).isoformat())).problems
    late = TODAY + LONGEST + timedelta(days=1)
    waivers = read(entry(expires=late.isoformat()))
    assert not waivers.waivers
    assert "in more than 90 days" in waivers.problems[0].detail


def test_dates_may_be_text_or_have_a_time() -> None:
    assert read(entry(expires='"2026-04-01"')).waivers[0].expires == date(2026, 4, 1)
    assert read(entry(expires="2026-04-01T12:00:00Z")).waivers[0].expires == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"responsible": None}, "no 'responsible'"),
        ({"reason": '"  "'}, "no 'reason'"),
        ({"expires": None}, "no 'expires'"),
        ({"expires": '"soon"'}, "write a date such as 2026-03-01"),
        ({"expires": "7"}, "write a date such as 2026-03-01"),
        ({"check": '"unpinned-acton"'}, "no check 'unpinned-acton'"),
        ({"check": '["unpinned-action"]'}, "'check' is no text"),
        ({"ticket": "41"}, "'ticket' is no text"),
        ({"repository": '"lumen"'}, "'lumen' is no repository"),
        ({"repository": '"github.com/orchard-labs/lumen"'}, "is no repository"),
        ({"owner": '"x"'}, "the key 'owner' is not known"),
    ],
)
def test_a_wrong_entry_is_reported_with_its_line_and_costs_no_other(
    changed: dict[str, str | None], said: str
) -> None:
    waivers = read(entry() + "\n" + entry(**changed) + entry(check='"shared-environment"'))
    assert [waiver.check for waiver in waivers.waivers] == ["unpinned-action", "shared-environment"]
    (problem,) = waivers.problems
    assert 8 <= problem.line <= 14
    assert problem.detail.startswith(f"line {problem.line}: ")
    assert said in problem.detail


def test_every_mistake_is_listed_with_its_own_line() -> None:
    text = entry(check='"unpined-action"', expires='"soon"', reason=None, owners='"x"') + (
        entry(repository='"lumen"', check="3", chek='"x"')
    )
    assert [(p.line, p.detail.partition(": ")[2]) for p in read(text).problems] == [
        (1, "the waiver has no 'reason'; add it"),
        (3, "there is no check 'unpined-action'; did you mean 'unpinned-action'?"),
        (5, "'expires' is 'soon'; write a date such as 2026-03-01"),
        (
            6,
            "the key 'owners' is not known; a waiver has check, expires, path, reason, repository, "
            "responsible, ticket",
        ),
        (8, "'lumen' is no repository; write owner/name, owner/* or *"),
        (9, "'check' is no text; put it in quotes"),
        (13, "the key 'chek' is not known; did you mean 'check'?"),
    ]
    assert not read(text).waivers


def test_a_second_waiver_for_the_same_is_reported() -> None:
    text = entry() + entry(repository='"Orchard-Labs/Lumen"') + entry(check='"shared-environment"')
    (problem,) = read(text).problems
    assert (problem.line, "line 1 already" in problem.detail) == (7, True)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\n[waiver\n", 2, "this is not TOML"),
        ("waiver = 3\n", 1, "write [[waiver]]"),
        ("\n[waiver]\ncheck = 'x'\n", 2, "write [[waiver]]"),
        ("waiver = ['x']\n", 1, "a waiver is a table"),
        ("\n[waivers]\n", 2, "'waivers' is not known"),
        ("policy = 1\n", 1, "write [policy]"),
        ("[policy]\n\naccept-locally = 'unpinned-action'\n", 3, "is a list of checks"),
        ("[policy]\n\naccept-locally = ['no-such']\n", 3, "no check 'no-such'"),
        ("[policy]\nacept-locally = []\n", 2, "has no 'acept-locally'"),
        ("a = " + "[" * 5000, 1, "this is not TOML"),
        ("a = " + "9" * 5000, 1, "this is not TOML"),
    ],
)
def test_a_wrong_file_is_reported_with_its_line(text: str, line: int, said: str) -> None:
    waivers = read(text)
    assert not waivers.waivers
    assert waivers.problems[0].line == line
    assert said in waivers.problems[0].detail
    assert waivers.problems[0].detail.startswith(f"line {line}: ")


def test_checks_that_comments_may_accept() -> None:
    waivers = read(
        "[policy]\naccept-locally = ['unpinned-action', 'no-such', 'zizmor/github-env']\n"
    )
    assert waivers.local == {"unpinned-action", "zizmor/github-env"}
    assert len(waivers.problems) == 1


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert not read("\ufeff" + entry()).problems


_value = st.sampled_from(
    [
        '""',
        "[]",
        "{}",
        "1",
        "true",
        "2026-04-01",
        '"*"',
        '"unpinned-action"',
        "07:30:00",
        "[[1], {}]",
    ]
)
_line = st.one_of(
    st.sampled_from(["[[waiver]]", "[policy]", "[waiver]", "[[policy]]", "# x", "waiver = []"]),
    st.builds("{} = {}".format, st.sampled_from([*ENTRY, "accept-locally", "x"]), _value),
    st.text(max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_line, max_size=12).map("\n".join) | st.text())
def test_any_text_gives_waivers_or_problems(text: str) -> None:
    waivers = read(text)
    for waiver in waivers.waivers:
        assert waiver.expires <= TODAY + LONGEST
        assert waiver.check in CHECKS
        assert waiver.responsible.strip()
        assert waiver.reason.strip()
    for problem in waivers.problems:
        assert 1 <= problem.line <= text.count("\n") + 1
    assert waivers.local <= CHECKS
