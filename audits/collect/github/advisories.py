"""Reads advisories for actions from GitHub's database, once per scan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError, Json, unexpected
from audits.collect.github.responses import AdvisoryRow, read_as
from audits.collect.github.rest import Answers, RestReader
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.evidence import Advisory, AdvisoryList
from audits.model.settings import Need, Unseen

_PATH = "/advisories"
_MOST_PAGES = 20
_PAGE = 100
SOURCE = "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Aactions"
_LONGEST_LINK = 4000
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


def read_advisories(client: GitHubClient, memory: Memory) -> AdvisoryList | Unseen:
    """Every reviewed advisory of the ecosystem ``actions``; `Unseen` where GitHub refuses."""
    key = RestReader(client).key(f"{_PATH}?actions")
    answers = Answers()
    answers.load(memory, (key,))
    try:
        rows = _rows(client, answers, key)
    except GitHubError as error:
        return Unseen(need=Need.REFERENCES, reason=error.message, permission=error.permission)
    found = tuple(advisory for row in rows for advisory in _advisories(row))
    answers.flush(memory)
    return AdvisoryList(
        taken=datetime.now(UTC).date(),
        advisories=found,
        live=True,
        complete=len(rows) < _MOST_PAGES * _PAGE,
        source=SOURCE,
    )


def _rows(client: GitHubClient, answers: Answers, key: str) -> list[AdvisoryRow]:
    stored = answers.stored.get(key)
    known = kept_as(list[AdvisoryRow], stored[1]) if stored else None
    rows: list[AdvisoryRow] = []
    parameters: dict[str, Json] = {"ecosystem": "actions", "type": "reviewed", "per_page": _PAGE}
    etag = ""
    for page in range(_MOST_PAGES):
        sent = stored[0] if stored and known is not None and not page else ""
        answer = client.get(_PATH, parameters, etag=sent)
        if answer.status == 304:
            if known is None:
                raise unexpected()
            return known
        rows += read_as(list[AdvisoryRow], answer.body)
        following = _NEXT.search(str(answer.headers.get("link", ""))[:_LONGEST_LINK])
        if following is None:
            etag = answer.etag if page == 0 else ""
            break
        cursor = _cursor(following.group(1))
        if cursor in ("", parameters.get("after")):
            raise unexpected()
        parameters["after"] = cursor
    else:
        raise GitHubError("GitHub's list of advisories does not end.", "Scan again later.")
    answers.written[key] = (etag, kept_text(list[AdvisoryRow], rows))
    return rows


def _cursor(address: str) -> str:
    """What the address of the next page says about its beginning; "" where it says nothing."""
    try:
        return parse_qs(urlsplit(address).query).get("after", [""])[0]
    except ValueError:
        return ""


def _advisories(row: AdvisoryRow) -> Iterator[Advisory]:
    """One for each action that a row names."""
    if row.withdrawn_at:
        return
    ranges: dict[str, list[str]] = {}
    for entry in row.vulnerabilities or ():
        package = entry.package
        if package is not None and package.ecosystem == "actions" and package.name:
            ranges.setdefault(package.name, []).append(entry.vulnerable_version_range or "")
    for name, chosen in ranges.items():
        yield Advisory(
            id=row.ghsa_id,
            package=name,
            ranges=tuple(chosen),
            severity=row.severity or "",
            cve=row.cve_id or "",
            published=(row.published_at or "")[:10],
        )
