"""Writes one report for a meeting as an HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from markupsafe import Markup
from msgspec import Struct

from audits.model.causes import cause_words
from audits.model.evidence import AdvisoryList
from audits.model.exposure import Actor
from audits.model.outcome import Severity
from audits.model.query import ActionFilter, FindingFilter
from audits.model.rows import (
    ActionRow,
    FindingRow,
    PackageRow,
    RepositoryRow,
    SharedCut,
    TrendRow,
)
from audits.model.score import Grade
from audits.report.escape import element, link
from audits.report.groups import mean_points
from audits.report.news import (
    NOTHING_EARLIER,
    PROGRESS_HEADS,
    News,
    gap_lines,
    progress_rows,
    repository_lines,
)
from audits.report.phrases import count
from audits.store.store import Store

_MOST = 10
"""Rows of each table; the rest is counted."""
_MOST_GROUPS = 40
_TOP = 5
_MOST_CHECKS = 4
_GRADES = tuple(grade.value for grade in Grade)
_SEVERITIES = tuple(severity.label for severity in sorted(Severity, reverse=True))
_LONG = frozenset(
    {"because", "change", "checks", "place", "what", "change that closes it", "why", "used at"}
)
_TIGHT = frozenset({"before", "after", "now", "then"})
"""Columns whose cells are never broken into lines."""
_MOST_PLACES = 3
_MOST_OWNERS = 3
_BAD = (Actor.ANYONE.value, Actor.THIRD_PARTY.value)

_STYLE = """
:root { color-scheme: light; --ink: #1d2733; --muted: #566372; --line: #d5dbe2; --soft: #f4f6f9; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } h2 { font-size: 1.3rem; margin: 2.4rem 0 .4rem; }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .4rem; }
p { margin: .3rem 0 .7rem; } .muted { color: var(--muted); }
ul.numbers { list-style: none; display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; margin: .8rem 0; }
ul.numbers li { border: 1px solid var(--line); border-radius: 6px; padding: .45rem .8rem; min-width: 8rem; }
ul.numbers b { display: block; font-size: 1.35rem; } ul.numbers span { color: var(--muted); font-size: .86rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .3rem 0 .6rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .55rem; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word; max-width: 13rem; }
td.long { overflow-wrap: anywhere; min-width: 10rem; max-width: 30rem; }
td.tight { white-space: nowrap; }
th { color: var(--muted); font-weight: 600; } thead { display: table-header-group; }
a { color: #0b5cad; }
svg { display: block; width: 100%; height: 9rem; background: var(--soft); border-radius: 6px; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .6rem; font-size: .85rem; }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section.owner { break-before: page; } section.owner:first-of-type { break-before: auto; }
  h2 { margin-top: 1.3rem; } h3 { margin-top: 1rem; } p { margin: .2rem 0 .4rem; }
  ul.numbers { gap: .4rem; } ul.numbers li { padding: .3rem .5rem; min-width: 0; }
  h1, h2, h3, thead, p:has(+ table), p:has(+ ul) { break-after: avoid; }
  tr, ul.numbers li, svg { break-inside: avoid; } p, li { orphans: 3; widows: 3; }
  a { color: inherit; text-decoration: none; }
}
"""


class OwnerReport(Struct, frozen=True, kw_only=True):
    """What the report says about one owner, or of the repositories of one of its groups."""

    news: News
    rows: tuple[RepositoryRow, ...]
    before: tuple[RepositoryRow, ...]
    packages: tuple[PackageRow, ...]
    accepted: tuple[FindingRow, ...]
    covered: tuple[ActionRow, ...]
    advisories: AdvisoryList | None
    trend: tuple[TrendRow, ...]
    past: tuple[TrendRow, ...]


def owner_report(store: Store, news: News) -> OwnerReport:
    """All that is said about an owner, read from the store; of a group, from one narrowed to it."""
    owner, scan = news.scan.owner, news.scan.id
    before = store.repositories(news.since.id, owner=owner) if news.since else ()
    uses = store.actions(scan, owner=owner, where=ActionFilter())
    return OwnerReport(
        news=news,
        rows=tuple(store.repositories(scan, owner=owner)),
        before=tuple(before),
        packages=tuple(store.packages(scan, owner=owner)),
        accepted=tuple(store.findings(scan, owner=owner, where=FindingFilter(accepted=True))),
        covered=tuple(use for use in uses if use.advisories),
        advisories=store.advisories(owner, scan=scan),
        trend=store.trend(owner, scan=scan),
        past=store.rebuilt(owner),
    )


def html_report(reports: Sequence[OwnerReport], *, made: datetime | None = None) -> str:
    """One page about all of these owners. It loads nothing, and runs nothing."""
    at = made or datetime.now(UTC)
    owners = _named([each.news.title for each in reports])
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Whatever slipped in, a browser would neither load nor run it.
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        element("title", f"How safely {owners}"),
        element("style", Markup(_STYLE)),  # noqa: S704 - ours
    )
    sections = [element("section", *_owner(each), class_="owner") for each in reports]
    foot = element(
        "footer",
        f"Made by release-audit on {at:%Y-%m-%d}. What could not be seen counts as unknown, "
        "never as passed.",
        class_="muted",
    )
    body = element("body", element("main", *sections), foot)
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _named(owners: Sequence[str]) -> str:
    """The owners of a title with their verb, the first of many."""
    if len(owners) == 1:
        return f"{owners[0]} publishes"
    more = len(owners) - _MOST_OWNERS
    shown = [*owners[:_MOST_OWNERS], *([f"{more:,} more owners"] if more > 1 else [])]
    shown = shown if more != 1 else list(owners)
    return f"{', '.join(shown[:-1])} and {shown[-1]} publish"


def _owner(report: OwnerReport) -> Iterator[Markup]:
    scan, since = report.news.scan, report.news.since
    yield element("h1", report.news.title)
    period = f"since scan {since.id} of {since.started:%Y-%m-%d}" if since else "the first scan"
    yield element(
        "p",
        f"Scan {scan.id} of {scan.started:%Y-%m-%d %H:%M} UTC, {period} · policy {scan.policy} · "
        f"tier {scan.tier}",
        class_="muted",
    )
    yield from _standing(report)
    yield from _changes(report)
    yield from _who(report)
    yield from _top(report)
    yield from _incidents(report)
    yield from _accepted(report)
    yield from _not_seen(report)


# --- Standing -----------------------------------------------------------------------------------


def _standing(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "Standing")
    publishing = [row for row in report.rows if row.publications or row.unrecognized]
    points = mean_points(report.rows)
    known = [row.coverage for row in report.rows if row.coverage is not None]
    coverage = f"{sum(known) / len(known):.0%} known" if known else "nothing is scored"
    levels = Counter(package.level for package in report.packages)
    numbers = [
        ("no score" if points is None else f"{points:.1f}", f"mean points{_since(report, points)}"),
        (
            str(len(publishing)),
            f"of {count(len(report.rows), 'repository publishes', 'repositories publish')}",
        ),
        (coverage, "of what applies"),
        _packages_of(levels[_BAD[0]], "anyone can publish"),
        _packages_of(levels[_BAD[1]], "a third party can publish"),
    ]
    numbers += [(str(_open(report.rows, word)), f"open {word}") for word in _SEVERITIES[:2]]
    items = [element("li", element("b", value), element("span", said)) for value, said in numbers]
    yield element("ul", *items, class_="numbers")
    grades, earlier = (Counter(row.grade for row in rows) for rows in (report.rows, report.before))
    yield _table(
        ("grade", *_GRADES),
        [
            ("repositories", *(str(grades[grade]) for grade in _GRADES)),
            *([("before", *(str(earlier[grade]) for grade in _GRADES))] if report.before else []),
        ],
    )
    if len(report.trend) + len(report.past) > 1:
        yield element("h3", "Mean points over time")
        yield _chart(report)
    if report.news.progress:
        yield element("h3", "Groups")
        yield from _listed(
            PROGRESS_HEADS, list(progress_rows(report.news.progress)), most=_MOST_GROUPS
        )


def _packages_of(number: int, who: str) -> tuple[str, str]:
    return f"{number:,}", f"{'package' if number == 1 else 'packages'} that {who}"


def _since(report: OwnerReport, points: float | None) -> str:
    before = mean_points(report.before)
    return "" if before is None or points is None else f" ({points - before:+.1f})"


def _open(rows: Iterable[RepositoryRow], severity: str) -> int:
    return sum(row.open.get(severity, 0) for row in rows)


def _chart(report: OwnerReport) -> Markup:
    """Points over time: scans as a line with filled dots, rebuilt states with hollow ones."""
    rows = [row for row in (*report.past, *report.trend) if row.points is not None]
    if not rows:
        return Markup("")
    first, last = min(row.at for row in rows), max(row.at for row in rows)
    span = max((last - first).total_seconds(), 1.0)

    def place(row: TrendRow) -> tuple[str, str]:
        x = 30 + 740 * (row.at - first).total_seconds() / span
        return f"{x:.1f}", f"{110 - (row.points or 0.0):.1f}"

    parts: list[Markup] = []
    for series, fill, dash in ((report.past, "#fff", "4 3"), (report.trend, "#0b5cad", "none")):
        places = [place(row) for row in series if row.points is not None]
        line = " ".join(",".join(each) for each in places)
        style = {"fill": "none", "stroke": "#0b5cad", "stroke_dasharray": dash}
        parts.append(element("polyline", points=line, stroke_width="1.5", **style))
        parts += [
            element("circle", cx=x, cy=y, r="2.5", fill=fill, stroke="#0b5cad") for x, y in places
        ]
    for points in (0, 50, 100):
        y = str(110 - points)
        parts.insert(0, element("line", x1="30", x2="770", y1=y, y2=y, stroke="#d5dbe2"))
        parts.append(element("text", str(points), x="4", y=y, font_size="9", fill="#566372"))
    said = f"Mean points from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    caption = said + (
        "; hollow points are rebuilt from commits, without settings" if report.past else ""
    )
    chart = element("svg", *parts, viewBox="0 0 780 120", role="img", aria_label=said)
    return element(
        "figure", chart, element("figcaption", caption, class_="muted"), style="margin:0"
    )


# --- Changes ------------------------------------------------------------------------------------


def _changes(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "What changed, and why")
    if report.news.since is None:
        yield element("p", NOTHING_EARLIER)
        return
    kinds = [(word, number, rows) for word, number, rows in report.news.kinds() if number]
    scores = report.news.scores
    moved = [f"{line[0].upper()}{line[1:]}." for line in repository_lines(report.news)]
    yield from (element("p", line) for line in moved)
    if not kinds and not scores and not moved:
        yield element("p", "Nothing changed.")
    if scores:
        yield element("h3", f"Scores: {len(scores)}")
        yield from _listed(
            ("repository", "before", "after", "because", "checks"),
            [
                (
                    change.repository,
                    _score(change.grade_before, change.before),
                    _score(change.grade_after, change.after),
                    cause_words(change.cause),
                    _few(change.checks),
                )
                for change in scores
            ],
        )
    for word, number, rows in kinds:
        yield element("h3", f"{word.capitalize()}: {number}")
        yield from _listed(
            ("severity", "check", "repository", "place", "what"),
            [_finding(row) for row in rows],
            of=number,
        )


def _few(checks: Sequence[str]) -> str:
    more = len(checks) - _MOST_CHECKS
    named = [*checks[:_MOST_CHECKS], *([f"and {more} more"] if more > 0 else [])]
    return ", ".join(named)


def _score(grade: str, points: float | None) -> str:
    return grade or "–" if points is None else f"{grade} {points:g}"


def _finding(row: FindingRow) -> tuple[str | Markup, ...]:
    place = f"{row.path}:{row.line}"
    url = next((k.url for k in row.links if k.kind == "permalink"), "")
    return row.severity, row.check, row.repository, link(place, url), row.message


# --- Who can publish ----------------------------------------------------------------------------


def _who(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "Who can publish")
    if not report.packages:
        yield element("p", "No package is published by what was read.")
        return
    levels = Counter(package.level or "not known" for package in report.packages)
    said = ", ".join(f"{level} {number}" for level, number in levels.most_common())
    yield element(
        "p", f"{count(len(report.packages), 'package')}, by the least privileged: {said}."
    )
    order = {actor.value: place for place, actor in enumerate(Actor)}
    worst = sorted(
        (p for p in report.packages if p.level in _BAD or p.may_be in _BAD),
        key=lambda p: (order.get(p.level, 9), order.get(p.may_be, 9), p.repository, p.package),
    )
    if worst:
        yield from _listed(
            ("package", "repository", "who", "perhaps", "credential", "change that closes it"),
            [
                (
                    f"{p.registry} {p.package or 'name not found'}",
                    p.repository,
                    p.level,
                    p.may_be if p.may_be != p.level else "",
                    p.state,
                    p.cut,
                )
                for p in worst
            ],
        )

    yield from _one_change(report)


def _one_change(report: OwnerReport) -> Iterator[Markup]:
    """The changes that several packages need, the widest of the worst first."""
    if not report.news.cuts:
        return
    yield element("h3", "One change, many packages")
    yield from _listed(
        ("change", "place", "packages", "closed by it alone", "now", "then"),
        [_shared_change(cut, report.packages) for cut in report.news.cuts],
    )


def _shared_change(cut: SharedCut, packages: Iterable[PackageRow]) -> tuple[str, ...]:
    """A change, where it is made, and how many packages it is for; the same change may have to
    be made in several places.
    """
    places = dict.fromkeys(_place_of(row) for row in packages if row.cut == cut.change)
    shown = ", ".join([*places][:_MOST_PLACES])
    if (more := len(places) - _MOST_PLACES) > 0:
        shown += f" and {more} more"
    return cut.change, shown, f"{cut.packages:,}", f"{cut.alone:,}", cut.level, cut.leaves


def _place_of(row: PackageRow) -> str:
    return f"{row.repository} {row.cut_path}:{row.cut_line}" if row.cut_path else row.repository


# --- Top five, incidents, accepted risks --------------------------------------------------------


def _top(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "Top five")
    gains = sorted(
        (
            (row.steps[0].points - row.points, row)
            for row in report.rows
            if row.steps and row.points is not None
        ),
        key=lambda pair: (-pair[0], pair[1].repository),
    )
    if not gains:
        yield element("p", "No single change would raise a score.")
        return
    yield element("p", "The changes that gain most for one repository.", class_="muted")
    yield _table(
        ("repository", "change", "now", "then"),
        [
            (
                row.repository,
                row.steps[0].check,
                _score(row.grade, row.points),
                _score(row.steps[0].grade, row.steps[0].points),
            )
            for _, row in gains[:_TOP]
        ],
    )


def _incidents(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "Incidents looked for")
    known = report.advisories
    if known is None:
        yield element("p", "No list of advisories for actions was known to this scan.")
        return
    whole = "" if known.complete else "; the list is incomplete, and what it lacks is unknown"
    yield element(
        "p",
        f"{count(len(known.advisories), 'advisory', 'advisories')} for actions as of "
        f"{known.taken}{whole}.",
    )
    if not report.covered:
        yield element("p", "No workflow uses a version that one of them covers.")
        return
    yield from _listed(
        ("action", "used at", "repository", "advisories"),
        [
            (f"{use.action}@{use.ref}", f"{use.path}:{use.line}", use.repository, use.advisories)
            for use in report.covered
        ],
    )


def _accepted(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "Accepted risks")
    if not report.accepted:
        yield element("p", "Nothing that counts is accepted.")
    else:
        yield from _listed(
            ("expires", "severity", "check", "repository", "responsible", "why"),
            [
                (
                    row.expires or "by a comment",
                    row.severity,
                    row.check,
                    f"{row.repository} {row.path}",
                    row.responsible,
                    " ".join(filter(None, (row.acceptance_reason, row.ticket))),
                )
                for row in sorted(report.accepted, key=lambda r: (r.expires or "9", r.repository))
            ],
        )
    for waiver in report.news.expired:
        said = f"Expired on {waiver.expires}: {waiver.check} for {waiver.repository}."
        yield element("p", said)


def _not_seen(report: OwnerReport) -> Iterator[Markup]:
    yield element("h2", "What was not seen")
    lines = list(gap_lines(report.news.gaps))
    low = [row for row in report.rows if row.coverage is not None and row.coverage < 1]
    if report.news.scan.not_reached:
        lost = count(report.news.scan.not_reached, "repository", "repositories")
        yield element("p", f"Not reached: {lost}; their findings stay as they were.")
    if low:
        few = count(len(low), "repository is", "repositories are")
        yield element("p", f"{few} known in part only; each grade rests on what is known.")
    if lines:
        yield element("ul", *(element("li", line) for line in lines[:_MOST]))
        if len(lines) > _MOST:
            yield element("p", f"And {len(lines) - _MOST} more, in the export.", class_="muted")
    elif not low and not report.news.scan.not_reached:
        yield element("p", "Everything that was asked for was read.")


def _listed(
    heads: Sequence[str], rows: Sequence[Sequence[str | Markup]], *, of: int = 0, most: int = _MOST
) -> Iterator[Markup]:
    """A table of the first rows, and how many more there are."""
    yield _table(heads, rows[:most])
    if (more := max(of, len(rows)) - min(len(rows), most)) > 0:
        yield element("p", f"And {more:,} more, in the export.", class_="muted")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str | Markup]]) -> Markup:
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    kinds = ["long" if h in _LONG else "tight" if h in _TIGHT else "short" for h in heads]
    body = [
        element("tr", *(element("td", each, class_=k) for each, k in zip(row, kinds, strict=True)))
        for row in rows
    ]
    return element("table", head, element("tbody", *body))
