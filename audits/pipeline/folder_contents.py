"""Remembers which repositories a folder held, so that a deleted checkout leaves the totals."""

from __future__ import annotations

from collections.abc import Iterable

from audits.collect.folder.collector import FolderCollector
from audits.model.cache import Memory, kept_as, kept_text
from audits.pipeline.scan import Scanned, Scanner, Seen
from audits.pipeline.serialized import SerializedAudit


def scan_folder(
    scanner: Scanner,
    collector: FolderCollector,
    memory: Memory,
    seen: Seen,
    audits: Iterable[SerializedAudit] | None,
) -> tuple[Scanned, ...]:
    """Scan a folder, as `Scanner.run` does. What is gone since an earlier scan is marked so."""
    if audits is None:
        collector.repositories()
    contents = FolderContents(collector, memory)
    contents.compare()
    scanner.gone = collector.gone
    finished = scanner.run(collector, seen, audits=audits)
    contents.keep(finished)
    return finished


class FolderContents:
    """The repositories that earlier scans found in the same folders, by owner.

    Folders are told apart by a digest of their path: a scan of another folder with the same
    owner takes none of its repositories for deleted.
    """

    def __init__(self, collector: FolderCollector, memory: Memory) -> None:
        self._collector = collector
        self._memory = memory

    def compare(self) -> None:
        """Have the collector, which has listed its folders, find what is gone since."""
        listed = self._collector.names()
        keys = {self._key(owner): owner for owner in listed}
        for key, (_, body, _) in self._memory.answers(keys).items():
            before = kept_as(list[str], body)
            self._collector.look_for_gone(keys[key], before or ())

    def keep(self, finished: Iterable[Scanned]) -> None:
        """Remember the repositories of owners whose scan is finished. What could not be listed
        this time stays remembered.
        """
        listed = self._collector.names()
        owners = {self._key(scanned.scan.owner): scanned.scan.owner for scanned in finished}
        known = self._memory.answers(owners)
        kept: dict[str, tuple[str, str]] = {}
        for key, owner in owners.items():
            before = kept_as(list[str], stored[1]) if (stored := known.get(key)) else None
            gone = {name.lower() for name in self._collector.gone(owner)}
            names = {n.lower(): n for n in (*(before or ()), *listed.get(owner.lower(), ()))}
            body = kept_text(list[str], sorted(n for k, n in names.items() if k not in gone))
            if stored is None or stored[1] != body:
                kept[key] = "", body
        if kept:
            self._memory.keep_answers(kept)

    def _key(self, owner: str) -> str:
        return f"folder:{self._collector.place}:{owner.lower()}"
