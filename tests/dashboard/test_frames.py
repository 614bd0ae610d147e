"""Frames: what each table says of its rows, with gaps and with nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from msgspec.structs import replace

from audits.model.query import (
    ActionSummary,
    CheckCount,
    FindingCounts,
    FixTime,
    OwnerFact,
    PermissionCount,
)
from audits.model.rows import CutRow, DeductionRow, GapRow, PackageMove, ScoreChange, StepRow
from audits.model.score import Grade, ScoreStep
from audits.report.acceptances import acceptances, without_effect
from audits.suppressions.waivers import Waiver
from dashboard import theme
from dashboard.charts import trends as trend_charts
from dashboard.frames import actions, comparison, home, tables, trends, waivers
from dashboard.frames.exposure import boxes, without_level, worst_first
from dashboard.frames.findings import (
    by_check,
    check_name,
    issue_text,
    label,
    lines_around,
    lines_of,
    place,
    title_of,
    waiver_text,
)
from dashboard.frames.heat import heat
from tests.dashboard.rows import (
    HOSTILE,
    NOON,
    deduction,
    finding,
    package,
    path,
    repository,
    trend,
)


def test_a_repository_line_has_a_blank_where_an_area_does_not_apply() -> None:
    frame = tables.repositories([repository()])
    assert frame.loc[0, "pinning"] == 60.0
    assert frame["environment"].isna().all()
    assert frame.loc[0, "ladder"] == "▲ token"
    assert frame.loc[0, "open"] == 3
    styles = [heat("points", value) for value in (95.0, 80.0, 65.0, 45.0, 10.0)]
    assert len(set(styles)) == 5
    assert heat("environment", frame.loc[0, "environment"]) == heat("grade", "-")
    assert "background" not in heat("grade", "-")
    assert heat("open", 3) == ""


def test_tables_of_nothing_have_their_columns() -> None:
    makers = (
        tables.repositories,
        tables.findings,
        tables.publications,
        tables.packages,
        tables.actions,
        tables.gaps,
        tables.deductions,
        tables.missing_permissions,
        tables.results,
        actions.summary,
        actions.broken_by_pinning,
    )
    for make in makers:
        assert list(make([]).columns), make


def test_missing_permissions_say_what_each_would_answer() -> None:
    rows = [
        PermissionCount(permission="Actions: read", unknown=7, repositories=3),
        PermissionCount(permission="", unknown=2, repositories=1),
    ]
    frame = tables.missing_permissions(rows)
    assert list(frame["permission"]) == ["Actions: read", "(none would: see the gaps)"]
    assert list(frame["unknowns"]) == [7, 2]


def test_gaps_of_the_owner_say_so() -> None:
    row = GapRow(
        owner="o",
        repository="",
        subject="settings",
        reason="forbidden",
        detail="no right",
        line=None,
        permission="Administration: read",
    )
    assert tables.gaps([row]).loc[0, "repository"] == "(the owner)"


def test_the_headline_says_what_is_known_and_what_is_new() -> None:
    rows = [trend(1), trend(5, changed=("policy",))]
    moved = FindingCounts(new=3, fixed=2, reopened=1)
    head = home.headline(rows, "7 Sep", moved)
    assert head.standing == "stands at C with 65 of 100 points, up 4 since 7 Sep."
    assert head.publish == "8 repositories publish packages, of 10 scanned."
    assert "70 % of what applies could be seen" in head.seen
    assert "unknown, not safe" in head.seen
    words = "Since 7 Sep: 3 new findings, 2 fixed, 1 back."
    cause = "The rules of this program changed too, so compare with care."
    assert head.moved == f"{words} {cause}"
    both = [trend(1), trend(3, changed=("platform",)), trend(5, changed=("platform", "token"))]
    said = home.headline(both, "7 Sep", moved).moved
    assert "A rule of GitHub or of a registry and the token's rights changed too" in said
    assert home.headline([trend(1), trend(5)], "7 Sep", moved).moved.endswith("1 back.")
    assert home.moved_words(FindingCounts(not_rechecked=4)).endswith("0 fixed, 4 not re-checked")


def test_the_headline_of_owners_that_publish_nothing_has_no_number() -> None:
    head = home.headline([trend(1, points=None, publishing=0, coverage=1.0)], "7 Sep")
    assert head.standing == "has no grade."
    assert head.moved == ""
    assert "0 repositories publish" in head.publish
    assert "100 % of what applies" in head.seen


def test_a_fall_says_which_faults_took_the_points() -> None:
    fell = ScoreChange(
        owner="o",
        repository="r",
        scan=2,
        at=datetime(2026, 10, 5, tzinfo=UTC),
        before=96.0,
        after=74.0,
        grade_before="A",
        grade_after="C",
        cause="repository",
        checks=("long-lived-token", "attestation-regression", "unpinned-action"),
    )
    assert home.graded(fell) == "A 96 → C 74"
    words = home.why_fell(fell)
    assert words.startswith(title_of("long-lived-token"))
    assert words.endswith("; and 1 more")
    lost = replace(fell, after=None, grade_after="?", checks=())
    assert home.why_fell(lost) == "it cannot be read any more"


def test_no_step_is_not_taken_for_nothing_deducted() -> None:
    one = replace(repository(), steps=())
    held = replace(one, grade="B", points=89.0)
    good = replace(one, grade="A", points=95.0)
    whole = replace(one, grade="A", points=100.0)
    assert home.next_steps([held, good, whole], 5) == []
    assert home.nothing_to_do([whole, held]).startswith("Not every repository has an A")
    assert home.nothing_to_do([whole, good]).startswith("✓ pass · Every repository has an A;")
    assert home.nothing_to_do([whole]).startswith("✓ pass · Nothing is deducted anywhere")
    assert home.nothing_to_do([]) == "No repository here has a grade, so there is no step to take."


def points_of(
    areas: Mapping[str, float | None], lost: Sequence[DeductionRow], fixed: str = ""
) -> float:
    return home.sheet_of(areas, lost).score(frozenset({fixed}))[0] or 0.0


def test_what_the_lesson_asks_for_caps_the_estimate_too() -> None:
    areas = dict.fromkeys(("pinning", "permissions", "environment", "integrity"), 100.0)
    left_out = deduction(
        area="integrity", check="build-and-publish-in-one-job", severity="medium", points=15.0
    )
    path = deduction(check="outsider-can-publish", severity="critical", points=0.0)
    assert points_of(areas, [left_out]) == 89.0
    assert points_of(areas, [left_out], fixed="build-and-publish-in-one-job") == 100.0
    assert points_of(areas, [path]) == 39.0


def test_points_of_deductions_are_the_scores_rule() -> None:
    areas = {"pinning": 60.0, "permissions": 100.0, "trusted-publisher": 60.0}
    assert points_of(areas, []) == 100.0
    one = [deduction()]
    # (60 + 100 + 100) / 3 = 86.7, capped at 84 by one open high
    assert points_of(areas, one) == 84.0
    assert points_of(areas, [deduction(severity="medium", points=15.0)]) == pytest.approx(
        95.0, abs=0.05
    )
    high = deduction(area="trusted-publisher", check="long-lived-token")
    assert points_of(areas, [high]) == 74.0
    critical = deduction(severity="critical", check="dangerous-trigger", points=100.0)
    assert points_of(areas, [critical]) == 39.0
    assert points_of({"pinning": None}, one) == 0.0


def test_improvements_rank_the_check_that_raises_the_mean_most() -> None:
    rows = [repository("a"), repository("b"), repository("c", points=None)]
    lost = [deduction(repository=name) for name in "ab"] + [
        deduction(repository="a", area="trusted-publisher", check="long-lived-token"),
        deduction(repository="a", check="missing-version-comment", severity="low", points=5.0),
        deduction(repository="c", check="never-counted"),
    ]
    found = home.improvements(lost, rows)
    assert found[0].check == "unpinned-action"
    assert found[0].repositories == 2
    assert "never-counted" not in {row.check for row in found}
    assert all(row.gain > 0 for row in found)
    frame = home.improvement_table(found)
    assert frame.loc[0, "severity"] == "▲ high"
    assert home.improvements([], rows) == ()


def test_the_estimate_for_many_repositories_comes_from_sums() -> None:
    def cost(check: str, area: str, points: float) -> CheckCount:
        return CheckCount(
            check=check,
            title="t",
            area=area,
            severity="high",
            passed=1,
            failed=4,
            unknown=0,
            places=4,
            points=points,
        )

    counts = [cost("a", "integrity", 400.0), cost("b", "pinning", 400.0), cost("c", "pinning", 0.0)]
    found = home.estimated(counts, 10)
    assert [(row.check, row.gain) for row in found] == [("a", 8.0), ("b", 8.0)]
    assert home.estimated(counts, 0) == ()


def test_a_repository_says_why_it_wants_attention() -> None:
    assert home.attention(repository()) == "2 high, 1 medium open"
    assert home.attention(repository(cap="capped at 39 by x")) == "capped at 39 by x"
    assert home.attention(repository(open={})) == "nothing open"


def test_the_owners_card_says_what_is_unknown_and_why() -> None:
    fact = OwnerFact(
        owner="o",
        check="sha-pinning-not-required",
        title="t",
        severity="low",
        outcome="unknown",
        repositories=3,
        message="",
        reason="not read",
        permission="Administration: read",
    )
    others = [replace(fact, owner="p"), replace(fact, check="actions-can-approve")]
    assert home.unread_settings([fact, *others], several=True) == [
        "Not known for 2 owners: actions-can-approve, sha-pinning-not-required, as not read. "
        "It takes the permission Administration: read."
    ]
    (sentence,) = home.unread_settings([replace(fact, reason="GitHub is down.")], several=False)
    assert sentence.startswith("Not known: sha-pinning-not-required, as GitHub is down. It")
    passed = replace(fact, owner="p", outcome="pass")
    failed = replace(fact, outcome="fail", message="Not required", consequence="2 would break")
    table = home.owner_table([passed, fact, failed])
    assert list(table.iloc[0]) == [
        "o",
        "✗ fail",
        "sha-pinning-not-required",
        "● low",
        3,
        "Not required. 2 would break",
    ]
    assert list(table["owner"]) == ["o", "p"]


def test_movers_leave_out_what_did_not_move() -> None:
    def moved(name: str, before: float | None, after: float | None) -> ScoreChange:
        return ScoreChange(
            owner="o",
            repository=name,
            scan=2,
            at=NOON,
            before=before,
            after=after,
            grade_before="C",
            grade_after="B",
            cause="repository",
        )

    rows = [moved("a", 50, 52), moved("b", 90, 40), moved("c", None, 70), moved("d", 60, 60)]
    frame = trends.score_changes(rows)
    assert list(frame["change"].dropna()) == [2.0, -50.0, 0.0]


def test_series_leave_out_what_is_not_known_and_say_what_a_click_leads_to() -> None:
    rows = [trend(1), trend(2, changed=("token",), ladders={})]
    frame = trends.over_time(rows, trends.points, trends.leads_to(rows))
    assert set(frame["series"]) == {
        "mean",
        "coverage",
        "pinning",
        "permissions",
        "trusted-publisher",
        "integrity",
    }
    assert list(frame["key"].unique()) == ["", "1-2"]
    assert list(trends.marks(rows)["changed"]) == ["token rights changed"]
    assert list(trends.over_time(rows, trends.of_check("unpinned-action"))["value"]) == [9, 9]
    rungs = trends.over_time(rows, trends.rungs)
    assert list(rungs[rungs["series"] == "token"]["value"]) == [4]
    assert trends.over_time(rows, trends.levels).empty


def test_the_check_that_most_repositories_fail_comes_first() -> None:
    rows = [
        trend(1, checks={"archived-action": 5, "long-lived-token": 1, "unpinned-action": 0}),
        trend(2, checks={"archived-action": 0, "long-lived-token": 2, "unnamed-step": 2}),
    ]
    listed = ["long-lived-token", "unnamed-step", "archived-action"]
    assert trends.failing_checks(rows) == listed


def test_new_and_fixed_are_added_up_by_week_without_the_first_scan() -> None:
    assert trends.flow([trend(1)]).empty
    assert list(trends.flow([trend(1), trend(2)])["value"]) == [3, -2]
    nights = [trend(n) for n in range(1, 61)]
    assert trends.bin_words(nights) == "week"
    frame = trends.flow(nights)
    assert frame["count"].sum() == 59 * 5
    assert frame["key"].nunique() == len(frame) / 2 <= 10
    assert next(iter(frame["key"])).startswith("1-")
    assert list(frame["key"])[-1].endswith("-60")
    ends = sorted(zip(frame["at"], frame["until"], strict=True))
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(ends[::2]))


@pytest.mark.parametrize(
    ("counts", "days", "words"),
    [
        ([4, 2], 30, "2 tokens, 4 on 4 Nov 2026: at this pace none is left in January 2027."),
        ([4, 4], 30, "4 tokens: as many as 30 days before."),
        ([1, 4], 30, "4 tokens, 1 on 4 Nov 2026: more, not fewer."),
        ([400, 399], 30, "399 tokens, 400 on 4 Nov 2026: at this pace some are left for more"),
        ([4, 1], 3, "1 token."),
        ([4, 0], 30, "No token."),
    ],
)
def test_the_pace_says_when_none_is_left(counts: list[int], days: int, words: str) -> None:
    start = trend(1, ladders={"token": counts[0]})
    end = trend(1 + days, ladders={"token": counts[1]})
    assert trends.pace([start, end], home.on_tokens, "token", "tokens").startswith(words)


def move(
    name: str, state: tuple[str, str], level: tuple[str, str], repository: str = "r"
) -> PackageMove:
    return PackageMove(
        owner="o",
        repository=repository,
        registry="pypi",
        package=name,
        state_before=state[0],
        state_after=state[1],
        level_before=level[0],
        level_after=level[1],
    )


def test_packages_that_are_easier_to_publish_come_first() -> None:
    rows = [
        move("better", ("token", "oidc"), ("anyone", "one-writer")),
        move("worse", ("oidc", "oidc"), ("one-writer", "anyone")),
        move("back", ("attested", "token"), ("one-writer", "one-writer")),
        move("fresh", ("", "oidc"), ("", "one-writer")),
    ]
    frame = comparison.packages(rows).set_index("package")
    assert next(iter(frame.index)) == "worse"
    assert list(frame.index)[-1] == "better"
    assert frame.loc["worse", "who can publish"] == "○ one-writer → ✗ anyone"
    assert frame.loc["fresh", "status"] == "not known → ● oidc"


def test_the_path_that_the_level_stands_on_is_drawn() -> None:
    rows = [
        path(actor="one-writer", state="seen", package="", registry="github-release"),
        path(actor="anyone", state="open", package="lumen"),
        path(actor="third-party", state="default", package="", registry="github-release"),
        path(actor="third-party", state="seen", package="lumen", sets_level=False),
        path(actor="third-party", state="default", package="lumen"),
    ]
    first = worst_first(rows, "third-party", "anyone")
    assert [rows.index(row) for row in first] == [4, 2, 1, 3, 0]
    assert worst_first(rows, "unknown", "anyone")[0] is rows[1]


def test_the_arrow_to_cut_is_marked_also_where_a_setting_closes_the_path() -> None:
    kinds = ("actor", "way-in", "sink", "publish")
    steps = tuple(
        StepRow(kind=kind, what=kind, path="release.yml", line=line, job="")
        for line, kind in enumerate(kinds, 1)
    )
    for where, line, marked in (("release.yml", 3, 2), ("", 0, 1), ("release.yml", 1, 1)):
        cut = CutRow(what="close it", path=where, line=line)
        shown = boxes(path(steps=steps, cuts=(cut,)))
        assert [box.cut for box in shown] == [place == marked for place in range(4)]
    assert not any(box.cut for box in boxes(path(steps=steps)))


def test_packages_without_a_level_are_counted_beside_the_levels() -> None:
    row = trend(ladders={"token": 3, "none": 2}, levels={"anyone": 3})
    assert without_level(row) == "2 more packages have no release that was seen."
    assert without_level(trend(ladders={"token": 3}, levels={"anyone": 3})) == ""


def test_two_scans_compared_never_invent_a_number() -> None:
    frame = trends.compare(trend(1), trend(2, points=None)).set_index("what")
    assert list(frame.loc["mean points"]) == ["61", "not known", "not known"]
    assert frame.loc["open high", "change"] == "no change"
    assert frame.loc["pinning points", "change"] == "+1"


def test_time_to_fix_is_rounded_days() -> None:
    rows = [FixTime(check="unpinned-action", title="t", fixed=3, mean_days=4.04, longest_days=9)]
    assert list(trends.time_to_fix(rows).iloc[0])[:5] == ["unpinned-action", 3, None, 4.0, 9.0]
    still = FixTime(
        check="z", title="t", fixed=0, mean_days=0, longest_days=0, open=1, oldest_open_days=7
    )
    table = trends.time_to_fix([*rows, still])
    assert list(table["check"]) == ["z", "unpinned-action"]
    # Nothing was fixed in no days, and nothing is open for none.
    assert table["mean days"].isna().tolist() == [True, False]
    assert table["oldest open, days"].isna().tolist() == [False, True]


def test_actions_say_how_many_uses_are_pinned() -> None:
    row = ActionSummary(
        action="actions/checkout",
        kind="action",
        uses=4,
        repositories=2,
        refs=3,
        unpinned=1,
        in_release=4,
        advisories="GHSA-1",
        newest_release="v5",
        archived="",
    )
    frame = actions.summary([row])
    assert (frame.loc[0, "pinned"], frame.loc[0, "advisories"]) == (75, "▲ GHSA-1")
    image = replace(row, action="docker/x", kind="image")
    broken = actions.broken_by_pinning([image, replace(row, unpinned=0), row])
    assert [list(line) for line in broken.itertuples(index=False)] == [
        ["actions/checkout", 1, 4, 2]
    ]


def test_a_search_for_an_action_may_name_a_ref() -> None:
    found = actions.search(" actions/checkout@v4 ", "not pinned")
    assert (found.action, found.ref, found.pinned, found.in_release) == (
        "actions/checkout",
        "v4",
        False,
        None,
    )
    assert actions.search("", "in releases").in_release is True


def test_findings_are_grouped_worst_first() -> None:
    rows = [finding(check="cached-release-build", severity="medium"), finding(), finding()]
    groups = by_check(rows)
    assert [check for check, _ in groups] == ["unpinned-action", "cached-release-build"]
    assert label(*groups[0]) == "▲ high · Action is not pinned to a commit · 2 places"
    assert place(rows[1]) == ".github/workflows/release.yml:9 · job publish"


def test_a_check_id_that_is_no_id_never_reaches_a_label() -> None:
    assert check_name(HOSTILE) == "unnamed check"
    assert check_name("zizmor/bot-conditions") == "zizmor/bot-conditions"
    assert title_of("zizmor/bot-conditions") == "Spoofable bot actor check"
    assert title_of(HOSTILE) == "unnamed check"


def test_lines_around_a_finding_are_numbered_and_marked() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 9))
    shown = lines_around(text, 4).splitlines()
    assert shown == [
        "     2  line 2",
        "     3  line 3",
        ">    4  line 4",
        "     5  line 5",
        "     6  line 6",
    ]
    assert lines_around(text, 99) == ""
    assert lines_around("", 1) == ""


def test_a_finding_of_an_older_text_shows_the_line_that_was_stored() -> None:
    now = "on: push\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"
    assert lines_of(finding(line=5), now).splitlines()[2].startswith(">    5  ")
    assert lines_of(finding(line=4), now) == "- uses: actions/checkout@v4"
    assert lines_of(finding(line=99), now) == "- uses: actions/checkout@v4"
    assert lines_of(finding(line=99, excerpt=""), "") == ""


def test_an_issue_text_keeps_hostile_names_in_code_spans() -> None:
    text = issue_text([finding(repository=HOSTILE, message=HOSTILE, path=HOSTILE)])
    for line in text.splitlines():
        outside = "".join(line.split("`")[::2])
        assert "evil.example" not in outside
        assert "<img" not in outside


def test_waivers_are_toml_once_for_each_repository_and_check() -> None:
    import rtoml

    rows = [finding(), finding(line=12), finding(repository=HOSTILE + '"\n[[waiver]]\n')]
    read = rtoml.loads(waiver_text(rows, "2027-01-01"))["waiver"]
    assert len(read) == 2
    assert read[0]["repository"] == "orchard-labs/lumen"
    assert read[1]["repository"].endswith('"\n[[waiver]]\n')


def test_packages_show_their_state_with_its_sign() -> None:
    frame = tables.packages([package(previous_state="mixed")])
    assert (frame.loc[0, "state"], frame.loc[0, "before"]) == ("▲ token", "◐ mixed")


def test_do_next_begins_with_what_was_not_read_and_then_what_gains_most() -> None:
    unread = repository("fern", grade="?", points=None, gaps=2)
    odd = repository("gorse", grade="?", points=None, unrecognized=1)
    small = repository("moss", grade="B", points=84.0, steps=(step("unnamed-step", 90.0, "A"),))
    large = repository("reed", grade="D", points=41.0, steps=(step("long-lived-token", 84.0, "B"),))
    done = repository("sage", grade="A", points=100.0)
    steps = home.next_steps([small, done, large, odd, unread], 5)
    assert [each.repository for each in steps] == ["fern", "gorse", "reed", "moss"]
    more = [repository(name, grade="?", points=None, gaps=1) for name in "abc"]
    few = home.next_steps([*more, unread, small, large], 3)
    assert [each.repository for each in few] == ["a", "b", "reed"]
    assert len(home.next_steps([*more, unread], 3)) == 3
    assert [each.what for each in steps[:2]] == [
        "2 parts were not read",
        "1 release-like job is not understood",
    ]
    assert (steps[2].check, steps[2].leads_to) == ("long-lived-token", "D 41 → B 84")
    assert len(home.next_steps([small, large], 1)) == 1
    both = step("long-lived-token", 74.0, "C"), step("attestation-regression", 96.0, "A")
    capped = repository("tansy", grade="C", points=74.0, steps=both)
    (first, _) = home.next_steps([small, capped], 2)
    assert (first.repository, first.leads_to) == ("tansy", "C 74 → A 96 with 2 fixes")


def step(check: str, points: float, grade: str) -> ScoreStep:
    return ScoreStep(check=check, points=points, grade=Grade(grade))


def test_acceptances_are_one_line_a_file_and_check_those_that_end_first_at_the_top() -> None:
    held = {"acceptance": "waiver", "accepted": True, "responsible": "release team"}
    rows = [
        finding(**held, expires="2026-12-31"),
        finding(**held, expires="2026-12-31", line=40),
        finding(**held, expires="2026-10-10", path="a.yml"),
        finding(acceptance="local", accepted=False, path="b.yml"),
    ]
    found = acceptances(rows)
    assert [(each.path, each.findings) for each in found] == [
        ("a.yml", 1),
        (rows[0].path, 2),
        ("b.yml", 1),
    ]
    day = date(2026, 9, 10)
    assert [each.path for each in waivers.ending(found, day)] == ["a.yml"]
    assert not waivers.ending(found, date(2026, 9, 9))
    frame = waivers.table(found)
    assert list(frame["accepted by"]) == ["waiver", "waiver", "local, not counted"]
    assert list(frame["expires"]) == ["2026-10-10", "2026-12-31", ""]


def test_a_waiver_without_effect_is_one_that_covers_no_accepted_finding() -> None:
    row = finding(acceptance="waiver", accepted=True, expires="2026-12-31")
    found = acceptances([row])

    def waiver(repository: str, path: str = "") -> Waiver:
        return Waiver(
            repository=repository,
            check=row.check,
            responsible="r",
            reason="r",
            expires=date(2026, 12, 31),
            path=path,
        )

    name = f"{row.owner}/{row.repository}"
    used, pattern = waiver(name), waiver(f"{row.owner}/*", row.path)
    other, elsewhere = waiver(name, "other.yml"), waiver("nobody/*")
    every = (used, pattern, other, elsewhere)
    assert without_effect(every, found) == [other, elsewhere]
    assert list(waivers.entries(every)["files"]) == [
        "every file",
        row.path,
        "other.yml",
        "every file",
    ]


@pytest.mark.parametrize(
    ("days", "label"), [(0.1, "%e %b %H:%M"), (2, "%e %b %H:%M"), (40, "%e %b %y")]
)
def test_scans_of_one_day_are_distinguished_by_their_hour(days: float, label: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ends = (start, start + timedelta(days=days))
    frame = pd.DataFrame([{"at": at, "series": "mean", "value": 50, "key": ""} for at in ends])
    band = trend_charts.Band(word="mean", title="mean", colour="#000", counted=False)
    drawn = trend_charts.bands(frame, theme.LIGHT, [band], unit="of 100", span=ends).to_dict(True)
    axes = [
        layer["encoding"]["x"].get("axis") for layer in drawn["layer"] if "x" in layer["encoding"]
    ]
    assert label in [axis["format"] for axis in axes if axis]
