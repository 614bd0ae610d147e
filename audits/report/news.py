"""Lists what is new between two scans: findings, scores with causes, expiring waivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from audits.model.causes import cause_clause, cause_words
from audits.model.query import FindingFilter, GapFilter, ScanChanges
from audits.model.rows import FindingRow, GapRow, ScanRow, ScoreChange, SharedCut
from audits.report.escape import code, markdown, printable
from audits.report.groups import GroupProgress
from audits.report.phrases import count
from audits.store.errors import StoreError, not_scanned
from audits.store.store import Store
from audits.suppressions.waivers import Waiver, Waivers

SCHEMA = 1
NOTHING_EARLIER = "No earlier scan is stored; there is nothing to compare with."
PROGRESS_HEADS = (
    "group",
    "publish",
    "mean points",
    "critical and high",
    "anyone can publish",
    "new",
    "fixed",
    "contact",
)
_MOST_CUTS = 5
_MOST_NAMES = 10
_MOST_CHECKS = 4
"""Named where a score changed, those that moved it most; the JSON lists all."""


class News(Struct, frozen=True, kw_only=True):
    """An owner's newest scan compared with an earlier one; ``since`` is None where there is
    none. ``scores`` are net changes, one a repository; ``gaps`` what was asked for and not
    read. ``group`` names the group that it is of, "" for the whole owner; ``progress`` is how
    the groups of a file stand. ``cuts`` are changes that close paths of several packages.
    ``expired``, ``expiring`` and ``unmatched`` are waivers of the file that was given. ``gone`` and
    ``added`` are repositories that only the earlier or only the newest scan counts: with one that
    is gone, its findings are, and nobody fixed them.
    """

    scan: ScanRow
    since: ScanRow | None
    changes: ScanChanges
    scores: tuple[ScoreChange, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    expired: tuple[Waiver, ...] = ()
    expiring: tuple[Waiver, ...] = ()
    unmatched: tuple[Waiver, ...] = ()
    group: str = ""
    progress: tuple[GroupProgress, ...] = ()
    cuts: tuple[SharedCut, ...] = ()
    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Whom it is about."""
        return f"{self.scan.owner}, {self.group}" if self.group else self.scan.owner

    def kinds(self) -> Iterator[tuple[str, int, tuple[FindingRow, ...]]]:
        """The word of each kind of change, how many there are, and those that are listed."""
        changes = self.changes
        yield "new", changes.new_count, changes.new
        yield "fixed", changes.fixed_count, changes.fixed
        yield "reopened", changes.reopened_count, changes.reopened
        yield "not re-checked", changes.not_rechecked_count, changes.not_rechecked


def news_of(
    store: Store,
    owner: str,
    waivers: Waivers,
    *,
    since: int | None = None,
    limit: int | None = None,
) -> News:
    """The news of an owner's newest scan since another one, by default the one before.

    ``limit`` bounds each list. StoreError where ``since`` is no finished scan before it.
    """
    scans = store.scans(owner)
    if not scans:
        raise not_scanned(owner, store.owners())
    before = _scan_before(scans, owner, since)
    number = before.id if before else None
    login = scans[0].owner
    # a waiver names repositories by a pattern, and so concerns every owner that it can match
    mine = [w for w in waivers.waivers if _may_concern(w, login)]
    gone, added = _came_and_went(store, login, scans[0].id, number)
    return News(
        scan=scans[0],
        since=before,
        changes=store.changes(login, since=number, limit=limit)
        if before
        else ScanChanges(owner=login, scan=scans[0].id, since=0),
        scores=net_changes(store.score_changes(login, since=number, limit=10_000))[:limit]
        if before
        else (),
        gaps=store.gaps(owner=login, where=GapFilter(optional=False)),
        expired=tuple(w for w in waivers.expired() if w in mine),
        expiring=tuple(w for w in waivers.expiring() if w in mine),
        unmatched=tuple(w for w in waivers.active() if w in mine and _matches_nothing(store, w)),
        gone=gone,
        added=added,
    )


def _scan_before(scans: Sequence[ScanRow], owner: str, since: int | None) -> ScanRow | None:
    """The scan of this number, or the one before the newest; None where there is only one."""
    if since is None:
        return scans[1] if len(scans) > 1 else None
    before = next((scan for scan in scans[1:] if scan.id == since), None)
    if before is None:
        raise StoreError(
            f"{since} is no finished scan of {owner} before its newest one.",
            f"Choose one of {', '.join(str(scan.id) for scan in scans[1:6]) or 'none yet'}.",
        )
    return before


def _came_and_went(
    store: Store, owner: str, scan: int, since: int | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The repositories that only the earlier scan counts, and those that only the newest does."""
    if since is None:
        return (), ()
    now = {row.repository for row in store.points(scan, owner=owner)}
    before = {row.repository for row in store.points(since, owner=owner)}
    return tuple(sorted(before - now)), tuple(sorted(now - before))


def net_changes(changes: Iterable[ScoreChange]) -> tuple[ScoreChange, ...]:
    """What became of each repository's score over several scans, the newest change first.

    Causes of the steps are joined; a repository that is back where it was is left out.
    """
    steps: dict[tuple[str, str], list[ScoreChange]] = {}
    for change in sorted(changes, key=lambda c: c.scan, reverse=True):
        steps.setdefault((change.owner, change.repository), []).append(change)
    found = []
    for newest, *earlier in steps.values():
        oldest = earlier[-1] if earlier else newest
        if (oldest.before, oldest.grade_before) == (newest.after, newest.grade_after):
            continue
        every = (newest, *earlier)
        found.append(
            replace(
                newest,
                before=oldest.before,
                grade_before=oldest.grade_before,
                cause="; ".join(
                    dict.fromkeys(w for c in reversed(every) for w in c.cause.split("; "))
                ),
                checks=tuple(dict.fromkeys(check for c in every for check in c.checks)),
            )
        )
    return tuple(found)


def gap_lines(gaps: Iterable[GapRow], places: int = 0) -> Iterator[str]:
    """What was asked for and not read: a line for each owner or repository, and one for those
    of all ``places`` that have some and of which no gaps are given.

    A line names the first thing, and how many more there are of the same repository.
    """
    by_place: dict[str, list[GapRow]] = {}
    for gap in gaps:
        place = f"{gap.owner}/{gap.repository}" if gap.repository else gap.owner
        by_place.setdefault(place, []).append(gap)
    for place, mine in sorted(by_place.items()):
        more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
        yield printable(f"{place}: {about(mine[0].subject, mine[0].detail)}{more}")
    if places > len(by_place):
        yield f"and {places - len(by_place)} more in the report"


def about(subject: str, detail: str) -> str:
    """The detail of a gap with what it is about, where it does not name that itself."""
    return detail if subject in detail or subject == "repository" else f"{subject}: {detail}"


def scan_before(store: Store, owner: str, day: date) -> int | None:
    """The owner's last scan before a day (UTC), else its first; None where only one is."""
    earlier = store.scans(owner)[1:]
    return next(
        (s.id for s in earlier if s.started.date() < day), earlier[-1].id if earlier else None
    )


def _may_concern(waiver: Waiver, owner: str) -> bool:
    named = waiver.repository.partition("/")[0].lower()
    return named == owner.lower() or any(c in named for c in "*?[")


def _matches_nothing(store: Store, waiver: Waiver) -> bool:
    """Whether a waiver in force for one repository accepts none of its findings. Those for
    several may be meant for what is yet to come.
    """
    owner, _, name = waiver.repository.partition("/")
    if not name or any(c in waiver.repository for c in "*?["):
        return False
    where = FindingFilter(repository=name, checks=(waiver.check,), accepted=True, in_release=None)
    found = store.findings(owner=owner, where=where)
    return not any(waiver.covers(waiver.repository, row.check, row.path) for row in found)


def text_news(news: News) -> Iterator[str]:
    """The news as lines for a terminal."""
    for cells in progress_rows(news.progress):
        said = (
            f"{cell} {head}" for head, cell in zip(PROGRESS_HEADS[1:7], cells[1:7], strict=True)
        )
        yield printable(f"  group {cells[0]}: {', '.join(said)}")
    for word, number, rows in news.kinds():
        if number:
            yield f"  {word}: {number}"
            yield from (f"    {_finding(row)}" for row in rows)
            yield from _more(number - len(rows))
    yield from (f"  {printable(line)}" for line in repository_lines(news))
    if news.scores:
        yield f"  scores changed: {len(news.scores)}"
        yield from (f"    {_score(change)}" for change in news.scores)
    if news.cuts:
        yield "  one change, many packages:"
        yield from (f"    {_cut(cut)}" for cut in news.cuts[:_MOST_CUTS])
    if news.scan.not_reached:
        lost = count(news.scan.not_reached, "repository", "repositories")
        yield f"  not reached: {lost}; the findings stay as they were"
    if (rules := _rules(news)) is not None:
        yield f"  {rules}"
    if "token" in news.scan.changed:
        yield "  The token sees more or less than the one of the scan before."
    yield from (f"  {_waiver(waiver, 'expired')}" for waiver in news.expired)
    yield from (f"  {_waiver(waiver, 'expires')}" for waiver in news.expiring)
    yield from (f"  {_unmatched(waiver)}" for waiver in news.unmatched)


def repository_lines(news: News) -> Iterator[str]:
    """Which repositories are new to the scans, and which are gone with their findings."""
    if news.added:
        yield f"repositories for the first time: {_named(news.added)}"
    if news.gone:
        yield f"repositories that are gone, with their findings: {_named(news.gone)}"


def _named(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _MOST_NAMES:,} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([*names[:_MOST_NAMES], *more])


def _cut(cut: SharedCut) -> str:
    """A change, for how many packages, and what it leaves."""
    more = (
        f"; it alone closes {cut.alone:,}, which leaves {cut.leaves}"
        if cut.alone
        else ", with other changes"
    )
    where = count(cut.repositories, "repository", "repositories")
    packages = f"{count(cut.packages, 'package')} ({cut.level})"
    return printable(f"{cut.change}: {packages} of {where}{more}")


def _rules(news: News) -> str | None:
    """What is said once where the rules of scores are others than at the scan before."""
    if news.since is None:
        return None
    if "platform" in news.scan.changed:
        return (
            "A rule of GitHub or of a registry took effect between these scans; scores that moved "
            "for that reason say so."
        )
    if "policy" not in news.scan.changed:
        return None
    before, now = news.since.policy, news.scan.policy
    which = f"policy {before} → {now}" if before != now else f"policy {now}, other details"
    return f"The rules changed ({which}); scores that moved for that reason say so."


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"    and {number} more in the report"


def _finding(row: FindingRow) -> str:
    place = printable(f"{row.repository} {row.path}:{row.line}")
    return f"{row.severity:<8} {row.check}  {place}"


def _points(points: float | None) -> str:
    return "none" if points is None else f"{points:g}"


def _score(change: ScoreChange) -> str:
    more = len(change.checks) - _MOST_CHECKS
    named = [*change.checks[:_MOST_CHECKS], *([f"and {more} more"] if more > 0 else [])]
    checks = f" ({', '.join(named)})" if named else ""
    return (
        f"{printable(change.repository)}: {change.grade_before} {_points(change.before)} → "
        f"{change.grade_after} {_points(change.after)}{cause_clause(change.cause)}{checks}"
    )


def _waiver(waiver: Waiver, word: str) -> str:
    where = _where(waiver)
    return (
        f"{word} on {waiver.expires}: the waiver of {waiver.check} for {where} (line {waiver.line})"
    )


def _where(waiver: Waiver) -> str:
    return printable(" ".join(filter(None, (waiver.repository, waiver.path))))


def _unmatched(waiver: Waiver) -> str:
    where = _where(waiver)
    return (
        f"matches nothing: the waiver of {waiver.check} for {where} (line {waiver.line}); delete it"
    )


def progress_rows(progress: Iterable[GroupProgress]) -> Iterator[tuple[str, ...]]:
    """How groups stand, as cells under `PROGRESS_HEADS`."""
    for each in progress:
        moved = "" if None in (each.points, each.before) else f" ({_moved(each):+.1f})"
        yield (
            each.name,
            f"{each.publishing} of {each.repositories}",
            "none" if each.points is None else f"{each.points:.1f}{moved}",
            str(each.grave),
            str(each.anyone),
            str(each.new),
            str(each.fixed),
            each.contact,
        )


def _moved(progress: GroupProgress) -> float:
    return (progress.points or 0.0) - (progress.before or 0.0)


def markdown_news(news: News) -> str:
    """The news as Markdown, for an issue, a chat or a job's summary."""
    return "\n".join(_markdown(news)) + "\n"


def _markdown(news: News) -> Iterator[str]:
    day = news.scan.started.date()
    yield f"## {code(news.title)}, scan {news.scan.id} of {day}"
    yield ""
    if news.since is None:
        yield NOTHING_EARLIER
    else:
        yield f"Since scan {news.since.id} of {news.since.started.date()}."
    yield from _markdown_groups(news)
    for word, number, rows in news.kinds():
        if number:
            yield f"\n### {word.capitalize()}: {number}\n"
            yield "| severity | check | repository | place | what |\n|---|---|---|---|---|"
            yield from (_row(row) for row in rows)
    yield from (f"\n{markdown(line[0].upper() + line[1:])}." for line in repository_lines(news))
    if (rules := _rules(news)) is not None:
        yield f"\n{rules}"
    if news.scores:
        yield f"\n### Scores: {len(news.scores)}\n"
        yield "| repository | before | after | because | checks |\n|---|---|---|---|---|"
        for change in news.scores:
            yield (
                f"| {code(change.repository)} | {change.grade_before} {_points(change.before)} "
                f"| {change.grade_after} {_points(change.after)} | {cause_words(change.cause)} "
                f"| {', '.join(map(code, change.checks))} |"
            )
    if news.cuts:
        yield "\n### One change, many packages\n"
        yield from (f"- {markdown(_cut(cut))}" for cut in news.cuts)
    if news.gaps:
        yield f"\n### Not seen: {len(news.gaps)}\n"
        yield from (f"- {markdown(line)}" for line in gap_lines(news.gaps))
    if news.scan.not_reached:
        lost = count(news.scan.not_reached, "repository", "repositories")
        yield f"\nNot reached: {lost}; the findings stay as they were."
    if news.expired or news.expiring or news.unmatched:
        yield "\n### Waivers\n"
        yield from (f"- {markdown(_waiver(w, 'expired'))}" for w in news.expired)
        yield from (f"- {markdown(_waiver(w, 'expires'))}" for w in news.expiring)
        yield from (f"- {markdown(_unmatched(w))}" for w in news.unmatched)


def _markdown_groups(news: News) -> Iterator[str]:
    """How the groups of a file stand, as a table."""
    if not news.progress:
        return
    yield "\n### Groups\n"
    yield f"| {' | '.join(PROGRESS_HEADS)} |\n{'|---' * len(PROGRESS_HEADS)}|"
    for cells in progress_rows(news.progress):
        yield f"| {' | '.join(map(markdown, cells))} |"


def _row(row: FindingRow) -> str:
    place = code(f"{row.path}:{row.line}")
    link = next((k.url for k in row.links if k.kind == "permalink"), "")
    shown = f"[{place}]({link})" if link else place
    return (
        f"| {row.severity} | {code(row.check)} | {code(row.repository)} | {shown} "
        f"| {markdown(row.message)} |"
    )


def news_document(news: News) -> dict[str, Any]:
    """The news as a JSON document; words and keys are those of the CSV files."""
    return {
        "schema": SCHEMA,
        "owner": news.scan.owner,
        "group": news.group,
        "groups": [_progress_record(each) for each in news.progress],
        "scan": _scan(news.scan),
        "since": _scan(news.since) if news.since else None,
        **{
            word.replace(" ", "_").replace("-", "_"): {
                "count": number,
                "findings": [_record(row) for row in rows],
            }
            for word, number, rows in news.kinds()
        },
        "scores": [_score_record(change) for change in news.scores],
        "shared_cuts": [asdict(cut) for cut in news.cuts],
        "repositories_gone": list(news.gone),
        "repositories_added": list(news.added),
        "not_reached": news.scan.not_reached,
        "gaps": [_gap_record(gap) for gap in news.gaps],
        "waivers": {
            "expired": [_waiver_record(w) for w in news.expired],
            "expiring": [_waiver_record(w) for w in news.expiring],
            "unmatched": [_waiver_record(w) for w in news.unmatched],
        },
    }


def _score_record(change: ScoreChange) -> dict[str, Any]:
    return {
        "repository": change.repository,
        "scan": change.scan,
        "before": change.before,
        "after": change.after,
        "grade_before": change.grade_before,
        "grade_after": change.grade_after,
        "cause": change.cause,
        "checks": list(change.checks),
    }


def _progress_record(progress: GroupProgress) -> dict[str, Any]:
    return {
        "group": progress.name,
        "contact": progress.contact,
        "repositories": progress.repositories,
        "publishing": progress.publishing,
        "points": progress.points,
        "points_before": progress.before,
        "critical_and_high": progress.grave,
        "anyone_can_publish": progress.anyone,
        "new": progress.new,
        "fixed": progress.fixed,
    }


def _gap_record(gap: GapRow) -> dict[str, Any]:
    return {
        "repository": gap.repository,
        "subject": gap.subject,
        "reason": gap.reason,
        "detail": gap.detail,
        "line": gap.line,
        "permission": gap.permission,
        "job": gap.job,
    }


def _scan(scan: ScanRow) -> dict[str, Any]:
    return {
        "id": scan.id,
        "started": scan.started.isoformat(),
        "tier": scan.tier,
        "policy": scan.policy,
        "as_of": scan.as_of.isoformat() if scan.as_of else None,
        "repositories": scan.repositories,
        "changed": list(scan.changed),
    }


def _record(row: FindingRow) -> dict[str, Any]:
    return {
        "repository": row.repository,
        "check": row.check,
        "severity": row.severity,
        "path": row.path,
        "line": row.line,
        "message": row.message,
        "fingerprint": row.fingerprint,
        "first_seen": row.first_seen.isoformat(),
        "last_seen": row.last_seen.isoformat(),
        "link": next((k.url for k in row.links if k.kind == "permalink"), ""),
    }


def _waiver_record(waiver: Waiver) -> dict[str, Any]:
    return {
        "repository": waiver.repository,
        "path": waiver.path,
        "check": waiver.check,
        "expires": waiver.expires.isoformat(),
        "responsible": waiver.responsible,
        "ticket": waiver.ticket,
        "line": waiver.line,
    }
