"""The sample organization's repositories on each day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from hashlib import sha1
from pathlib import Path
from zlib import crc32

from msgspec import Struct

from audits.model.source import Gap, RepositoryRef, Snapshot, SourceFile
from audits.sample.settings import owner_settings, settings_of

OWNER = "orchard-sample"
INDEX_URL = "https://pypi.example/simple/"
SAMPLE = "the bundled sample organization"
"""The source that a scan of the sample names."""
INCIDENT = "juniper-ci/changed-files"
"""An action of the sample, to try the search of an incident with."""
_STATES = Path(__file__).parent / "states"
_FIELD = frozenset(
    ("driftwood", "fieldnotes", "heron", "moss", "quillwort", "saltmarsh", "tidepool")
)
"""Repositories of the team that works in the field; the platform team has the others."""


def dates() -> tuple[date, ...]:
    """The days on which something changed, oldest first."""
    return tuple(
        sorted(date.fromisoformat(path.name) for path in _STATES.iterdir() if path.is_dir())
    )


def at_noon(day: date) -> datetime:
    """The time that the sample's scan of a day bears."""
    return datetime.combine(day, time(12), tzinfo=UTC)


@cache
def files_of(day: date) -> dict[str, dict[str, SourceFile]]:
    """The files of each repository by path, as of a day or, before its first, as of that."""
    found: dict[str, dict[str, SourceFile]] = {}
    for number, at in enumerate(dates()):
        state = _STATES / at.isoformat()
        for path in sorted(state.rglob("*")) if at <= day or not number else ():
            if path.is_file():
                name, *parts = path.relative_to(state).parts
                place = "/".join(parts)
                found.setdefault(name, {})[place] = SourceFile.of(place, path.read_bytes())
    return found


def commit_of(files: Mapping[str, SourceFile]) -> str:
    """What stands for the commit of these files."""
    joined = "\0".join(f"{file.path}\0{file.oid}" for file in files.values())
    return sha1(joined.encode(), usedforsecurity=False).hexdigest()


def number_of(slug: str) -> int:
    """The id of a repository."""
    return 700_000 + crc32(slug.encode()) % 100_000


class SampleCollector(Struct, frozen=True, kw_only=True):
    """Hands over the sample organization as of a day."""

    day: date

    @property
    def source(self) -> str:
        """What is read, for people."""
        return SAMPLE

    def gaps(self) -> tuple[Gap, ...]:
        """None: all of it was read."""
        return ()

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository, in the order of names."""
        for name, files in sorted(files_of(self.day).items()):
            yield Snapshot(
                ref=RepositoryRef(owner=OWNER, name=name),
                commit=commit_of(files),
                files=tuple(files[path] for path in sorted(files)),
                settings=settings_of(name, self.day),
                owner_settings=owner_settings(OWNER),
                topics=("field",) if name in _FIELD else ("platform",),
                database_id=number_of(f"{OWNER}/{name}"),
            )
