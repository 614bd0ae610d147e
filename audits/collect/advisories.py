"""Reads advisories for actions: the list shipped with the program, and files of its shape.

Source: GitHub's advisory database, ecosystem ``actions`` (https://github.com/advisories).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from audits.collect.errors import CollectError
from audits.model.evidence import Advisory, AdvisoryList

SCHEMA = 1
_ADVICE = "Refresh it with 'release-audit db advisories --update'."


class AdvisoryFileError(CollectError):
    """A list of advisories cannot be read."""


def bundled() -> AdvisoryList:
    """The list that is shipped with the program; it is as old as its ``taken`` says."""
    return read((files("audits.collect") / "advisories.json").read_text("utf-8"))


def newest(path: Path | None = None) -> AdvisoryList:
    """The list that was kept last (see `keep`), where it is newer than the shipped one.

    A kept list that cannot be read is passed over: the next online scan rewrites it.
    """
    shipped = bundled()
    try:
        kept = read((path or _kept_at()).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, AdvisoryFileError):
        return shipped
    return with_commits(kept, shipped) if kept.taken > shipped.taken else shipped


def keep(known: AdvisoryList, path: Path | None = None) -> Path:
    """Keep a list for audits that ask nobody; OSError where it cannot be written."""
    place = path or _kept_at()
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(f".{os.getpid()}")
    new.write_text(write(known), "utf-8")
    new.replace(place)
    return place


def with_commits(known: AdvisoryList, shipped: AdvisoryList) -> AdvisoryList:
    """A list with the compromised commits of the shipped one, which GitHub's database names in
    the text of an advisory only.
    """
    commits = {(a.id, a.package.lower()): a for a in shipped.advisories if a.commits}
    found = []
    for advisory in known.advisories:
        held = commits.pop((advisory.id, advisory.package.lower()), None)
        found.append(replace(advisory, commits=held.commits) if held else advisory)
    return replace(known, advisories=(*found, *commits.values()))


def _kept_at() -> Path:
    from platformdirs import user_state_path

    return user_state_path("release-audit", appauthor=False) / "advisories.json"


def read(text: str) -> AdvisoryList:
    """The list that a JSON text of our shape holds; AdvisoryFileError where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AdvisoryFileError("The list of advisories is not JSON.", _ADVICE) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise AdvisoryFileError(f"The list of advisories is not of schema {SCHEMA}.", _ADVICE)
    entries = found.get("advisories")
    try:
        taken = date.fromisoformat(str(found.get("taken")))
    except ValueError as error:
        raise AdvisoryFileError("The list of advisories has no date.", _ADVICE) from error
    if not isinstance(entries, list):
        raise AdvisoryFileError("The list of advisories has no advisories.", _ADVICE)
    return AdvisoryList(
        taken=taken,
        advisories=tuple(_advisory(number, e) for number, e in enumerate(entries, 1)),
        complete=found.get("complete") is True,
        source=str(found.get("source") or ""),
    )


def write(known: AdvisoryList) -> str:
    """The JSON text of a list, in a stable order: `read` of it gives the list back."""
    entries = [
        {
            "id": advisory.id,
            "cve": advisory.cve,
            "package": advisory.package,
            "ranges": list(advisory.ranges),
            "severity": advisory.severity,
            "published": advisory.published,
            **({"commits": list(advisory.commits)} if advisory.commits else {}),
        }
        for advisory in sorted(known.advisories, key=lambda a: (a.published, a.id, a.package))
    ]
    content = {
        "schema": SCHEMA,
        "taken": known.taken.isoformat(),
        "source": known.source,
        "complete": known.complete,
        "advisories": entries,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _advisory(number: int, entry: object) -> Advisory:
    """One entry; ``number`` counts from 1 and goes into the error."""
    place = f"Advisory {number} of the list"
    if not isinstance(entry, Mapping):
        raise AdvisoryFileError(f"{place} is not a map.", _ADVICE)
    words = {
        name: entry.get(name, "") for name in ("id", "package", "severity", "cve", "published")
    }
    if not all(isinstance(word, str) for word in words.values()):
        raise AdvisoryFileError(f"{place} has a field that is no text.", _ADVICE)
    if not words["id"] or not words["package"]:
        raise AdvisoryFileError(f"{place} lacks its id or its package.", _ADVICE)
    ranges = entry.get("ranges")
    if not isinstance(ranges, list) or not all(isinstance(each, str) for each in ranges):
        raise AdvisoryFileError(f"{place} lacks its ranges.", _ADVICE)
    commits = entry.get("commits", [])
    if not isinstance(commits, list) or not all(isinstance(each, str) for each in commits):
        raise AdvisoryFileError(f"{place} has commits that are no texts.", _ADVICE)
    return Advisory(ranges=tuple(ranges), commits=tuple(commits), **words)
