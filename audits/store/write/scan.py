"""Records a scan repository by repository, so that an interrupted one can resume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy import Connection, Engine, func, select

from audits.model.evidence import AdvisoryList
from audits.model.rows import ScanRow
from audits.model.score import Audit, Result
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import Gap
from audits.model.timeline import Timeline
from audits.store.base import Connected
from audits.store.errors import StoreError
from audits.store.schema import tables
from audits.store.schema.codes import title_of
from audits.store.write import lock
from audits.store.write.audits import record_batch
from audits.store.write.begin import Begun, begin
from audits.store.write.finish import Finished, close_scans, forget_scan
from audits.store.write.forget import forget_owner
from audits.store.write.ids import Ids
from audits.store.write.owners import keep_gaps, sync_owner, sync_owners
from audits.store.write.record import AuditRecord
from audits.store.write.recording import Recording, flush
from audits.store.write.repositories import close_gone, lose_repositories


class Writing(Connected):
    """The writing half of a store."""

    def __init__(self, *, reader: Engine, writer: Engine | None, name: str) -> None:
        super().__init__(reader=reader, writer=writer, name=name)
        self._recordings: dict[int, Recording] = {}
        self._names = Ids()

    def begin_scans(
        self,
        owners: Sequence[str],
        *,
        source: str,
        started: datetime,
        tier: int,
        policy: str,
        tool_version: str,
        rules: str = "",
        titles: Mapping[str, str] | None = None,
        as_of: date | None = None,
        timeline: Timeline = Timeline.SCAN,
    ) -> list[int]:
        """Begin a scan of each of these owners, all or none, and return their ids. ``rules`` is
        the digest of the rules, ``titles`` are the checks' titles by id, ``as_of`` is the day
        whose facts of the platform count; only scans of one timeline are compared.

        StoreError while another scan of one of them runs. A scan that was killed stays
        unfinished; this one is compared with what it recorded.
        """
        values = {
            "source": source,
            "started": started,
            "tier": tier,
            "policy": policy,
            "tool_version": tool_version,
            "rules": rules,
            "as_of": as_of,
        }
        if not owners:
            return []
        with self.writing() as connection:
            begun = begin(connection, owners, values, timeline)
            recordings = [self._begun(connection, new, titles or {}) for new in begun]
        self._recordings |= {recording.scan_id: recording for recording in recordings}
        return [recording.scan_id for recording in recordings]

    def _begun(self, connection: Connection, new: Begun, titles: Mapping[str, str]) -> Recording:
        """The state of a scan that has begun, with what is known of its owner."""
        recording = Recording(
            scan_id=new.scan_id,
            owner_id=new.owner_id,
            owner=new.owner,
            titles=titles,
            names=self._names,
        )
        if new.was_known:
            recording.load(connection)
        return recording

    def unfinished_scan(self, owner: str, timeline: Timeline = Timeline.SCAN) -> ScanRow | None:
        """The owner's newest scan of a timeline, if it was not finished: it can be resumed."""
        table, own = tables.scan, tables.owner
        with self.reading() as connection:
            mine = (own.c.key == owner.lower()) & (own.c.timeline == timeline)
            newest = select(func.max(table.c.id)).join(own).where(mine)
            row = connection.execute(
                select(table, own.c.login)
                .join(own)
                .where(table.c.id == newest.scalar_subquery(), table.c.finished.is_(None))
            ).first()
        return (
            None
            if row is None
            else ScanRow(
                id=row.id,
                owner=row.login,
                source=row.source,
                started=row.started,
                finished=None,
                tool_version=row.tool_version,
                policy=row.policy,
                tier=row.tier,
                as_of=row.as_of,
                rules=row.rules,
            )
        )

    def resume_scan(self, scan_id: int, *, titles: Mapping[str, str] | None = None) -> set[str]:
        """Resume an unfinished scan; returns the names of the repositories that it recorded.
        StoreError where it is finished, or a later one of the owner has begun.
        """
        table, own = tables.scan, tables.owner
        with self.writing() as connection:
            row = connection.execute(
                select(table, own.c.login).join(own).where(table.c.id == scan_id)
            ).first()
            newest = select(func.max(table.c.id))
            # Rows of a later scan, even of a killed one, would be taken for this one's.
            if (
                row is None
                or row.finished is not None
                or (connection.scalar(newest.where(table.c.owner_id == row.owner_id)) != scan_id)
            ):
                raise StoreError(f"Scan {scan_id} cannot be resumed.", "Begin a new scan.")
            lock.clear(connection, row.owner_id, row.login)
            lock.take(connection, {row.owner_id: scan_id}, [row.login])
            recording = Recording(
                scan_id=scan_id,
                owner_id=row.owner_id,
                owner=row.login,
                titles=titles or {},
                names=self._names,
            )
            recording.load(connection)
            names = select(tables.repository.c.id, tables.repository.c.name)
            mine = names.where(tables.repository.c.owner_id == row.owner_id)
            done = {r.name for r in connection.execute(mine) if r.id in recording.done}
        self._recordings[scan_id] = recording
        return done - {""}

    def forget_timeline(self, owner: str, timeline: Timeline) -> None:
        """Delete an owner's rebuilt or rescored timeline, which can be made again.

        StoreError while it is being written; ValueError for the timeline of scans.
        """
        if timeline is Timeline.SCAN:
            raise ValueError("scans are not forgotten")
        with self.writing() as connection:
            forget_owner(connection, owner, timeline)

    def record(self, scan_id: int, audit: Audit) -> bool:
        """Record one repository; returns whether it differs from what is stored.

        A repository of which nothing could be read keeps its findings, as not re-checked.
        """
        # Loads all that audits, which a process that records what others audited need not.
        from audits.store.write.audit_record import record_of

        titles = self._recording(scan_id).titles
        record = record_of(audit, lambda check: titles.get(check) or title_of(check))
        return self.record_all([(scan_id, record)])[0]

    def record_all(self, audits: Sequence[tuple[int, AuditRecord]]) -> list[bool]:
        """Record several repositories as `record` does, each with its scan's id, all or none."""
        pairs = [(self._recording(scan_id), record) for scan_id, record in audits]
        recordings = list({recording.scan_id: recording for recording, _ in pairs}.values())
        changed: list[bool] = []
        with self._restored(recordings):
            for part in _without_repeats(pairs):
                changed += record_batch(self, self._names, part)
                for recording, _ in part:
                    recording.has_written = True
        for recording in recordings:
            self._keep_up(recording)
        return changed

    def is_recorded(self, scan_id: int, name: str) -> bool:
        """Whether the repository's last audit still holds, so that it can be unchanged."""
        recording = self._recording(scan_id)
        number = recording.repositories.get(name.lower())
        return number is not None and recording.digests.get(number) is not None

    def record_unchanged(self, scan_id: int, names: Iterable[str]) -> None:
        """Record that these repositories are as they were; unknown names are a StoreError."""
        recording = self._recording(scan_id)
        for name in names:
            number = recording.repositories.get(name.lower())
            if number is None or recording.digests.get(number) is None:
                raise StoreError(
                    f"{recording.owner}/{name} was not recorded before.", "Record its audit."
                )
            recording.has_written = True
            recording.note(number, reached=True)
        self._keep_up(recording)

    def record_owner(
        self,
        scan_id: int,
        settings: OwnerSettings | Unseen | None,
        results: Sequence[Result] = (),
        *,
        advisories: AdvisoryList | None = None,
    ) -> None:
        """Record the owner's own settings and results, for the owner's card.

        ``advisories`` are those of the scan; audits bring them only where one is recorded.
        """
        recording = self._recording(scan_id)
        recording.has_written = True
        recording.owner_settings = settings
        recording.advisories = advisories or recording.advisories
        with self.writing() as connection:
            sync_owner(connection, recording, results)

    def record_gaps(self, scan_id: int, gaps: Iterable[Gap]) -> None:
        """Record the gaps of the owner as a whole, in place of those recorded before. They are
        written when the scan ends or is paused.
        """
        recording = self._recording(scan_id)
        recording.gaps = tuple(gaps)
        if recording.gaps or "" in recording.repositories:
            recording.has_written = True

    def flush(self, scan_ids: Iterable[int]) -> None:
        """Write which repositories these scans have recorded."""
        recordings = [self._recording(scan_id) for scan_id in scan_ids]
        pending = [recording for recording in recordings if recording.pending]
        if pending:
            with self._restored(pending), self.writing() as connection:
                flush(connection, pending)

    def beat(self, scan_id: int) -> None:
        """Renew the owner's lock while a scan waits."""
        recording = self._recording(scan_id)
        with self.writing() as connection:
            flush(connection, [recording])
            lock.beat(connection, recording.owner_id, scan_id)

    def pause_scan(self, scan_id: int) -> None:
        """Leave a scan unfinished, to be resumed, and release the owner's lock.

        A scan that has recorded nothing is deleted: its owner's name may have been mistyped.
        """
        recording = self._recording(scan_id)
        locks = {recording.owner_id: scan_id}
        try:
            with self.writing() as connection:
                flush(connection, [recording])
                keep_gaps(connection, recording)
                lock.free(connection, locks)
                if not recording.has_written:
                    forget_scan(connection, recording)
        except StoreError:
            # Also where nothing can be written, other scans must not wait for this one.
            with self.writing() as connection:
                lock.free(connection, locks)
            raise
        finally:
            del self._recordings[scan_id]

    def finish_scan(self, scan_id: int, finished: datetime, *, gone: Iterable[str] = ()) -> ScanRow:
        """Finish a scan, so that readers see it.

        Known repositories that were not recorded are listed as not reached. ``gone`` names
        repositories that are deleted or out of scope: their rows are closed.
        """
        return self._finish([self._recording(scan_id)], finished, {scan_id: gone})[0].scan

    def finish_scans(
        self,
        scan_ids: Iterable[int],
        finished: datetime,
        *,
        gone: Mapping[int, Iterable[str]] = MappingProxyType({}),
    ) -> list[Finished]:
        """Finish scans of several owners as `finish_scan` does, all or none; ``gone`` are names
        of repositories by scan.
        """
        recordings = [self._recording(scan_id) for scan_id in scan_ids]
        return self._finish(recordings, finished, gone) if recordings else []

    def _finish(
        self,
        recordings: Sequence[Recording],
        finished: datetime,
        gone: Mapping[int, Iterable[str]],
    ) -> list[Finished]:
        """Finish scans; ``gone`` are names of repositories by scan."""
        locks = {recording.owner_id: recording.scan_id for recording in recordings}
        with self._restored(recordings), self.writing() as connection:
            lock.hold(connection, locks)
            flush(connection, recordings)
            sync_owners(connection, recordings)
            for recording in recordings:
                close_gone(connection, recording, gone.get(recording.scan_id, ()))
            lose_repositories(connection, recordings)
            closed = close_scans(connection, recordings, finished)
            lock.free(connection, locks)
        for recording in recordings:
            del self._recordings[recording.scan_id]
        return closed

    @contextmanager
    def _restored(self, recordings: Sequence[Recording]) -> Iterator[None]:
        """Have the recordings read anew where writing fails."""
        before = [(recording, list(recording.pending)) for recording in recordings]
        try:
            yield
        except BaseException:
            # Ids that were rolled back do not exist.
            self._names.forget()
            for recording, pending in before:
                recording.pending, recording.is_stale = pending, True
            raise

    def _recording(self, scan_id: int) -> Recording:
        if scan_id not in self._recordings:
            raise StoreError(f"Scan {scan_id} is not being recorded.", "Begin or resume it.")
        recording = self._recordings[scan_id]
        if recording.is_stale:
            with self.reading() as connection:
                recording.reload(connection)
            recording.is_stale = False
        return recording

    def _keep_up(self, recording: Recording) -> None:
        if recording.wants_flush:
            with self.writing() as connection:
                flush(connection, [recording])
                lock.beat(connection, recording.owner_id, recording.scan_id)


def _without_repeats(
    pairs: Sequence[tuple[Recording, AuditRecord]],
) -> Iterator[list[tuple[Recording, AuditRecord]]]:
    """The audits in lists in which no repository is twice."""
    part: list[tuple[Recording, AuditRecord]] = []
    seen: set[tuple[int, str]] = set()
    for recording, record in pairs:
        key = (recording.scan_id, record.ref.name.lower())
        if key in seen:
            yield part
            part, seen = [], set()
        seen.add(key)
        part.append((recording, record))
    if part:
        yield part
