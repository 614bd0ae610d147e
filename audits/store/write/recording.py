"""The state of a running scan in memory: known repositories, progress, ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from sqlalchemy import Connection, select

from audits.model.evidence import AdvisoryList
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import Gap
from audits.store.details import Details
from audits.store.schema import tables
from audits.store.schema.tables import OPEN
from audits.store.write.ids import Ids, insert_new

FLUSH = 200
"""Repositories whose progress is written together; a killed scan repeats no more than these."""


class Recording(Struct, kw_only=True):
    """One scan that is being written, by the holder of the owner's lock.

    ``gaps`` are the owner's own, to be written when the scan ends or is paused; None where they
    were not given. ``before`` is the owner's last finished scan, 0 if none; ``is_other_program``:
    another version of this program made it. ``is_stale``: a rollback may have undone what is
    known here.
    """

    scan_id: int
    owner_id: int
    owner: str
    titles: Mapping[str, str]
    names: Ids
    repositories: dict[str, int] = field(default_factory=dict)
    digests: dict[int, bytes | None] = field(default_factory=dict)
    by_github_id: dict[int, int] = field(default_factory=dict)
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    seen_references: set[tuple[str, str]] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    pending: list[tuple[int, bool]] = field(default_factory=list)
    owner_settings: OwnerSettings | Unseen | None = None
    advisories: AdvisoryList | None = None
    gaps: tuple[Gap, ...] | None = None
    before: int = 0
    is_other_program: bool = False
    owner_details: Details | None = None
    is_stale: bool = False
    has_written: bool = False

    @property
    def wants_flush(self) -> bool:
        """Whether enough is pending to be written."""
        return len(self.pending) >= FLUSH

    def load(self, connection: Connection) -> None:
        """Read what is known of the owner before the first repository comes."""
        self.reload(connection)
        self.has_written = bool(self.done)
        self._load_before(connection)

    def _load_before(self, connection: Connection) -> None:
        scan = tables.scan
        own = select(scan.c.tool_version).where(scan.c.id == self.scan_id)
        finished = select(scan.c.id, scan.c.tool_version).where(
            scan.c.owner_id == self.owner_id,
            scan.c.id < self.scan_id,
            scan.c.finished.is_not(None),
        )
        last = connection.execute(finished.order_by(scan.c.id.desc()).limit(1)).first()
        if last is not None:
            self.before = last.id
            self.is_other_program = last.tool_version != connection.scalar(own)

    def reload(self, connection: Connection) -> None:
        """Read the owner's repositories and references, and what the scan has recorded: also
        after a rollback.
        """
        progress = tables.progress
        done = select(progress.c.repository_id).where(progress.c.scan_id == self.scan_id)
        self.done = {*connection.scalars(done), *(number for number, _ in self.pending)}
        self._load_known(connection)

    def _load_known(self, connection: Connection) -> None:
        repository, state = tables.repository, tables.state
        mine = select(repository).where(repository.c.owner_id == self.owner_id)
        held = connection.execute(mine).all()
        self.repositories = {row.key: row.id for row in held}
        self.digests = {row.id: row.digest for row in held}
        numbered = select(state.c.database_id, state.c.repository_id).where(
            state.c.owner_id == self.owner_id,
            state.c.closed == OPEN,
            state.c.database_id.is_not(None),
        )
        self.by_github_id = {row[0]: row[1] for row in connection.execute(numbered)}
        ref = tables.reference
        known = select(ref.c.slug, ref.c.ref, ref.c.value)
        known = known.where(ref.c.owner_id == self.owner_id, ref.c.closed == OPEN)
        self.references = {(r.slug, r.ref): r.value for r in connection.execute(known)}
        self.seen_references = set()

    def number(self, connection: Connection, name: str, github_id: int | None = None) -> int:
        """The repository's id; a renamed one keeps its id and so its history."""
        table = tables.repository
        key = name.lower()
        if key in self.repositories:
            return self.repositories[key]
        known = self.by_github_id.get(github_id) if github_id is not None else None
        if known is not None and known not in self.done:
            rename = table.update().where(table.c.id == known)
            connection.execute(rename.values(name=name, key=key, digest=None))
            self.repositories = {k: v for k, v in self.repositories.items() if v != known}
            self.digests[known] = None
            self.repositories[key] = known
            return known
        insert_new(connection, table, [{"owner_id": self.owner_id, "name": name, "key": key}])
        found = select(table.c.id).where(table.c.owner_id == self.owner_id, table.c.key == key)
        self.repositories[key] = int(connection.execute(found).scalar_one())
        return self.repositories[key]

    def note(self, repository_id: int, *, reached: bool) -> None:
        """Remember that a repository is done."""
        if repository_id not in self.done:
            self.done.add(repository_id)
            self.pending.append((repository_id, reached))


def flush(connection: Connection, recordings: Iterable[Recording]) -> None:
    """Write which repositories these scans have recorded."""
    rows = []
    for recording in recordings:
        rows += [
            {"scan_id": recording.scan_id, "repository_id": number, "reached": reached}
            for number, reached in recording.pending
        ]
        recording.pending.clear()
    insert_new(connection, tables.progress, rows)
