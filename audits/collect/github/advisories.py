"""Reads advisories for actions from GitHub's database, once per scan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError, Json
from audits.collect.github.rest import Answers, RestReader
from audits.model.cache import Memory
from audits.model.evidence import Advisory, AdvisoryList
from audits.model.settings import Need, Unseen

_PATH = "/advisories"
_MOST_PAGES = 20
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


def read_advisories(client: GitHubClient, memory: Memory) -> AdvisoryList | Unseen:
    """Every reviewed advisory of the ecosystem ``actions``; `Unseen` where GitHub refuses."""
    key = RestReader(client).key(f"{_PATH}?actions")
    answers = Answers()
    answers.load(memory, (key,))
    try:
        rows = _rows(client, answers, key)
        found = tuple(a for row in rows for a in _advisories(row))
    except GitHubError as error:
        return Unseen(need=Need.REFERENCES, reason=error.message, permission=error.permission)
    except (KeyError, TypeError, AttributeError):
        return Unseen(need=Need.REFERENCES, reason="GitHub's list had an unexpected form.")
    answers.flush(memory)
    return AdvisoryList(taken=datetime.now(UTC).date(), advisories=found, live=True)


def _rows(client: GitHubClient, answers: Answers, key: str) -> list[Json]:
    stored = answers.stored.get(key)
    rows: list[Json] = []
    parameters: dict[str, Json] = {"ecosystem": "actions", "type": "reviewed", "per_page": 100}
    etag = ""
    for page in range(_MOST_PAGES):
        answer = client.get(_PATH, parameters, etag=stored[0] if stored and not page else "")
        if answer.status == 304 and stored is not None:
            return list(json.loads(stored[1]))
        rows += [_reduced(row) for row in answer.body]
        following = _NEXT.search(str(answer.headers.get("link", "")))
        if following is None:
            etag = answer.etag if page == 0 else ""
            break
        cursor = parse_qs(urlsplit(following.group(1)).query).get("after")
        if not cursor:
            break
        parameters["after"] = cursor[0]
    answers.written[key] = (etag, json.dumps(rows))
    return rows


def _reduced(row: Json) -> Json:
    return {
        "id": str(row["ghsa_id"]),
        "cve": str(row.get("cve_id") or ""),
        "severity": str(row.get("severity") or ""),
        "published": str(row.get("published_at") or "")[:10],
        "withdrawn": bool(row.get("withdrawn_at")),
        "vulnerabilities": [
            [str(v["package"]["name"]), str(v.get("vulnerable_version_range") or "")]
            for v in row.get("vulnerabilities") or ()
            if v.get("package") and v["package"].get("ecosystem") == "actions"
        ],
    }


def _advisories(row: Json) -> Iterator[Advisory]:
    """One for each package that a row names."""
    if row["withdrawn"]:
        return
    ranges: dict[str, list[str]] = {}
    for package, versions in row["vulnerabilities"]:
        ranges.setdefault(package, []).append(versions)
    for package, chosen in ranges.items():
        yield Advisory(
            id=row["id"],
            package=package,
            ranges=tuple(chosen),
            severity=row["severity"],
            cve=row["cve"],
            published=row["published"],
        )
