"""What collectors remember between scans, and what can be drawn and scored again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import func, select

from audits.model.cache import Memory
from audits.model.evidence import Advisory, AdvisoryList, ResolvedRef
from audits.model.score import Audit
from audits.model.settings import Need, OwnerSettings, Unseen
from audits.model.source import SourceFile
from audits.store.cache import StoreMemory
from audits.store.schema import tables
from audits.store.store import Store
from tests.store.recorded import begin, scan
from tests.store.samples import OWNER, PATH, audit, commit, evidence, night, result
from tests.store.test_causes import settings


def test_texts(store: Store) -> None:
    memory: Memory = StoreMemory(store)
    texts = {f"{n:040x}": f"text {n} größer\r\n" for n in range(1200)}
    for oid in list(texts)[:3]:
        memory.keep_text(oid, texts[oid])
        memory.keep_text(oid, texts[oid])
    assert memory.known_blobs(texts) == set(list(texts)[:3])
    assert memory.text(commit(1)) == texts[commit(1)]
    assert memory.text(commit(5000)) is None
    assert memory.known_blobs(()) == set()


def test_answers(store: Store) -> None:
    memory: Memory = StoreMemory(store)
    assert memory.answer("repos/orchard-labs/lumen/environments") is None
    memory.keep_answer("a", '"1"', "[1]")
    memory.keep_answer("a", '"2"', "[2]")
    found = memory.answer("a")
    assert found is not None
    assert found[:2] == ('"2"', "[2]")
    assert datetime.now(UTC) - found[2] < timedelta(minutes=5)


def test_the_snapshot_of_the_last_finished_scan(store: Store) -> None:
    memory: Memory = StoreMemory(store)
    assert memory.snapshot(OWNER, "lumen") is None
    recorded = audit(settings=settings(reviewers=2), github_id=7)
    called = SourceFile.of("build.yml", b"on: workflow_call\n")
    snapshot = replace(
        recorded.repository.snapshot, remote_files={f"{OWNER}/shared/build.yml@v1": called}
    )
    scan(store, 0, _with(recorded, snapshot=snapshot))
    running = begin(store, 1)
    store.record(running, audit(text="on: push\n"))
    assert memory.snapshot(OWNER, "LUMEN") == snapshot
    assert memory.snapshot(OWNER, "quill") is None
    store.finish_scan(running, night(1))
    newer = memory.snapshot(OWNER, "lumen")
    assert newer is not None
    assert newer.files[0].text == "on: push\n"
    assert store.snapshot(OWNER, "lumen", scan=1) == snapshot
    assert [f.path for f in newer.files] == [PATH]


def test_all_that_a_score_was_made_from(store: Store) -> None:
    known = AdvisoryList(
        taken=date(2026, 1, 1),
        live=True,
        advisories=(Advisory(id="GHSA-2345-6789-cfgh", package="a/b", ranges=("<2",)),),
    )
    ref = ResolvedRef(slug="actions/checkout", ref="v4", commit=commit(9), newest_release="v5")
    recorded = audit(index=evidence("1.0"), references=(ref,))
    scan(store, 0, _with(recorded, advisories=known))
    later = audit(index=replace(evidence("1.0"), seen_at=night(1)), references=(ref,))
    scan(store, 1, _with(later, advisories=replace(known, taken=date(2026, 1, 2))))
    stored = store.stored(OWNER, "lumen")
    assert stored is not None
    assert stored.advisories == replace(known, taken=date(2026, 1, 2))
    assert stored.index == {("pypi", "lumen"): replace(evidence("1.0"), seen_at=None)}
    assert store.references(OWNER) == {("actions/checkout", "v4"): ref}
    package = store.packages()[0]
    assert (package.evidence_at, package.publisher_environment) == (night(1), "pypi")
    assert next(store.actions()).newest_release == "v5"


def test_an_owner_that_did_not_change_adds_no_row(store: Store) -> None:
    known = AdvisoryList(taken=date(2026, 1, 1), advisories=())
    for number in range(3):
        running = begin(store, number)
        store.record_owner(running, None, (result("sha-pinning-not-required"),))
        store.record(running, _with(audit(), advisories=known))
        store.finish_scan(running, night(number))
    with store.reading() as connection:
        for table in (tables.owner_facts, tables.facts):
            assert connection.scalar(select(func.count()).select_from(table)) == 1


def test_references_change_once_for_all_repositories(store: Store) -> None:
    def using(ref: ResolvedRef) -> list[Audit]:
        return [audit(f"lumen{n}", references=(ref,)) for n in range(5)]

    old = ResolvedRef(slug="actions/checkout", ref="v4", commit=commit(9), newest_release="v5")
    new = replace(old, newest_release="v6", archived=True)
    scan(store, 0, *using(old))
    scan(store, 1, *using(new))
    assert {a.newest_release for a in store.actions()} == {"v6"}
    assert {a.archived for a in store.actions()} == {"yes"}
    assert {a.newest_release for a in store.actions(1)} == {"v5"}
    assert store.references(OWNER, scan=1) == {("actions/checkout", "v4"): old}


def test_the_owners_settings(store: Store) -> None:
    hidden = Unseen(need=Need.ADMINISTRATION, reason="hidden")
    mine = OwnerSettings(login=OWNER, actions=hidden, immutable_releases="all", secret_names=())
    running = begin(store, 0)
    store.record_owner(running, mine)
    store.record(running, audit())
    store.finish_scan(running, night(0))
    assert store.owner_settings(OWNER) == mine
    snapshot = store.snapshot(OWNER, "lumen")
    assert snapshot is not None
    assert snapshot.owner_settings == mine


def _with(found: Audit, **changes: object) -> Audit:
    return replace(found, repository=replace(found.repository, **changes))
