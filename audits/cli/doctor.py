"""``release-audit doctor``: shows what a token can see of an owner, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from audits.cli.exits import CANNOT_READ, UsageError
from audits.cli.github import ApiUrlOption, TokenFileOption
from audits.cli.options import OfflineOption
from audits.cli.output import say
from audits.model.wording import and_list

if TYPE_CHECKING:
    from audits.collect.errors import CollectError
    from audits.collect.github.connect import Connection
    from audits.collect.github.doctor import DoctorReport, PermissionProbe
    from audits.model.settings import Need

_SOON_DAYS = 14


def doctor(
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="An account on GitHub.")],
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    offline: OfflineOption = False,
) -> None:
    """Say what a token sees, which checks stay unknown, and what a scan would cost."""
    from audits.cli.github import connect, is_login
    from audits.cli.waiting import watching
    from audits.collect.errors import CollectError

    if offline:
        raise UsageError("Only GitHub can answer what a token sees.", "Leave --offline out.")
    if not is_login(owner):
        raise UsageError(f"{owner!r} is no account's name.", "Give the name alone.")
    with watching("asking GitHub") as watch:
        connections = connect(token_file, api_url, on_wait=watch.waiting).apart(owner)
        answers = [(each.credential.description, _asked(owner, each)) for each in connections]
    reports = [each for _, each in answers if not isinstance(each, CollectError)]
    for number, report in enumerate(reports):
        if number:
            say("")
        for line in doctor_lines(report, datetime.now(UTC)):
            say(line)
    refused = [(name, each) for name, each in answers if isinstance(each, CollectError)]
    for name, error in refused:
        if len(answers) == 1:
            raise error
        say(f"error: {name}: {error.message}\nadvice: {error.advice}", error=True)
    if refused:
        raise typer.Exit(CANNOT_READ)


def _asked(owner: str, connection: Connection) -> DoctorReport | CollectError:
    """What one credential sees, or why it sees nothing."""
    from audits.collect.errors import CollectError
    from audits.collect.github.collector import GitHubCollector, Request

    try:
        return GitHubCollector(Request(owner=owner), connection).doctor()
    except CollectError as error:
        return error


def doctor_lines(report: DoctorReport, now: datetime) -> Iterator[str]:
    """The report, line by line."""
    kind = report.owner_kind.lower() or "account"
    yield f"{report.owner} ({kind}) on {report.host}, read with: {report.credential}"
    yield f"Tier {report.tier}: {_TIERS[report.tier]}"
    yield from _expiry(report, now)
    if report.scopes:
        yield f"Scopes: {', '.join(report.scopes)}"
    yield ""
    tried = and_list(report.tried_on)
    yield f"Rights, tried on {tried}" if tried else "Rights"
    yield from (f"  {_right(right)}" for right in report.rights)
    yield from _unknown(report)
    yield ""
    yield from _cost(report)
    yield from report.notes


_TIERS = {
    0: "workflows cannot be read, or not their settings",
    1: "workflows, environments, rules and references are seen",
    2: "settings and policies of Actions too",
    3: "names of secrets too: everything that checks ask for",
}


def _expiry(report: DoctorReport, now: datetime) -> Iterator[str]:
    if report.expires_at is None:
        yield "Expires: GitHub names no day."
        return
    left = report.expires_at - now
    when = f"{report.expires_at:%Y-%m-%d %H:%M} UTC"
    if report.credential.startswith(("GitHub App", "installation")):
        yield f"Expires: {when}, and is renewed by itself."
    elif left.days < _SOON_DAYS:
        yield f"Expires: {when}, in {max(left.days, 0)} days: make a new one soon."
    else:
        yield f"Expires: {when}"


def _right(right: PermissionProbe) -> str:
    if right.granted:
        return f"✓ {right.permission}"
    if right.granted is None:
        return f"? {right.permission}: could not be tried. {right.detail}".rstrip()
    return f"✗ {right.permission}: {right.detail}".removesuffix(": ")


def checks_without(lacking: frozenset[Need]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The checks that need what is lacking, and those that it would only sharpen."""
    from audits.checks import all_checks

    unknown = tuple(check.id for check in all_checks() if check.needs & lacking)
    blunt = tuple(
        check.id
        for check in all_checks()
        if check.sharpened_by & lacking and check.id not in unknown
    )
    return unknown, blunt


def _unknown(report: DoctorReport) -> Iterator[str]:
    from audits.collect.github.doctor import SHARPENS

    lacking: dict[Need, list[str]] = {}
    for right in report.rights:
        if right.granted is not True and right.permission not in SHARPENS:
            lacking.setdefault(right.need, []).append(right.permission)
    for need, permissions in lacking.items():
        unknown, blunt = checks_without(frozenset({need}))
        yield ""
        yield f"Without {' and '.join(permissions)}"
        yield f"  unknown: {', '.join(unknown) or 'no check'}"
        if blunt:
            yield f"  less sharp: {', '.join(blunt)}"
    for right in report.rights:
        if right.granted is not True and (lost := SHARPENS.get(right.permission)):
            yield ""
            yield f"Without {right.permission}"
            yield f"  not seen: {lost}"


def _cost(report: DoctorReport) -> Iterator[str]:
    cost = report.cost
    yield (
        f"A first scan of {cost.repositories} repositories asks at most "
        f"{cost.graphql_requests} GraphQL requests ({cost.points} points) and "
        f"{cost.rest_requests} REST requests: {cost.workflows} of them have workflows, with "
        f"{cost.environments} deployment environments in all."
    )
    if cost.points_left is not None and cost.rest_left is not None:
        yield f"Left of this hour: {cost.points_left} points, {cost.rest_left} REST requests."
        if cost.rest_requests > cost.rest_left or cost.points > cost.points_left:
            yield "That is more than is left: the scan will wait until GitHub allows more."
