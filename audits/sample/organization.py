"""The sample organization's repositories as they stood on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha1
from pathlib import Path

from audits.model.source import Gap, RepositoryRef, Snapshot, SourceFile
from audits.sample.settings import owner_settings, settings_of

OWNER = "orchard-sample"
INDEX_URL = "https://pypi.example/simple/"
_STATES = Path(__file__).parent / "states"
_TOPICS = {
    "lumen": ("python", "library"),
    "tidepool": ("python", "science"),
    "quillwort": ("python", "science"),
    "moss": ("python", "monorepo"),
    "pebble": ("javascript",),
    "fieldnotes": ("docs",),
}


def dates() -> tuple[date, ...]:
    """The days on which something changed, oldest first."""
    return tuple(
        sorted(date.fromisoformat(path.name) for path in _STATES.iterdir() if path.is_dir())
    )


def at_noon(day: date) -> datetime:
    """The time that the sample's scan of a day bears."""
    return datetime.combine(day, time(12), tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCollector:
    """Hands over the sample organization as of a day."""

    day: date

    @property
    def source(self) -> str:
        """What is read, for people."""
        return "the bundled sample organization"

    def gaps(self) -> tuple[Gap, ...]:
        """None: all of it is at hand."""
        return ()

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository, in the order of names."""
        for name, files in sorted(self._files().items()):
            joined = "\0".join(f"{file.path}\0{file.oid}" for file in files.values())
            yield Snapshot(
                ref=RepositoryRef(owner=OWNER, name=name),
                commit=sha1(joined.encode(), usedforsecurity=False).hexdigest(),
                files=tuple(files[path] for path in sorted(files)),
                settings=settings_of(name, self.day),
                owner_settings=owner_settings(OWNER),
                topics=_TOPICS.get(name, ("python",)),
                database_id=700_000 + len(name),
            )

    def _files(self) -> dict[str, dict[str, SourceFile]]:
        found: dict[str, dict[str, SourceFile]] = {}
        for day in dates():
            state = _STATES / day.isoformat()
            for path in sorted(state.rglob("*")) if day <= self.day else ():
                if path.is_file():
                    name, *parts = path.relative_to(state).parts
                    place = "/".join(parts)
                    found.setdefault(name, {})[place] = SourceFile.of(place, path.read_bytes())
        return found
