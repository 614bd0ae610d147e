"""Whatever order findings come and go in, each scan is read back as it was recorded."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from audits.model.outcome import Severity
from audits.store.open import open_store
from audits.store.store import Store
from tests.store.recorded import scan
from tests.store.samples import OWNER, audit, commit, fault

NAMES = st.sampled_from("abcde")

nights = st.lists(
    st.dictionaries(
        st.sampled_from(["lumen", "quill", "tern"]),
        st.dictionaries(NAMES, st.tuples(st.integers(0, 4), st.booleans()), max_size=4),
        min_size=1,
    ),
    min_size=1,
    max_size=6,
)
"""Per night, repositories that were reached with their findings: (severity, accepted)."""


@settings(max_examples=25, deadline=None)
@given(nights_seen=nights)
def test_each_scan_is_read_back_as_it_was(
    sqlite_template: Path,
    nights_seen: list[dict[str, dict[str, tuple[int, bool]]]],
) -> None:
    with TemporaryDirectory() as folder:
        path = copyfile(sqlite_template, Path(folder) / "history.sqlite")
        store = open_store(f"sqlite:///{path}")
        expected = []
        held: dict[str, dict[str, tuple[int, bool]]] = {}
        for number, night in enumerate(nights_seen):
            audits = [
                audit(
                    name,
                    *(
                        fault(f, severity=Severity(level), accepted=accepted, sha=commit(number))
                        for f, (level, accepted) in found.items()
                    ),
                    sha=commit(number),
                    points=float(len(found)),
                )
                for name, found in night.items()
            ]
            row = scan(store, number, *audits)
            held = {**held, **night}
            expected.append((row.id, dict(held), set(night)))
        for scan_id, state, reached in expected:
            _same(store, scan_id, state, reached)
        store.close()


def _same(
    store: Store,
    scan_id: int,
    state: dict[str, dict[str, tuple[int, bool]]],
    reached: set[str],
) -> None:
    wanted = {
        (
            name,
            finding,
            Severity(level).label,
            "waiver" if accepted else "",
            "open" if name in reached else "not-re-checked",
        )
        for name, found in state.items()
        for finding, (level, accepted) in found.items()
    }
    found = list(store.findings(scan_id, owner=OWNER))
    assert wanted == {
        (f.repository, f.fingerprint, f.severity, f.acceptance, f.state) for f in found
    }
    assert len(found) == len(wanted) == store.count_findings(scan_id, owner=OWNER)
    rows = store.repositories(scan_id, owner=OWNER)
    assert {row.repository: row.points for row in rows} == {n: len(f) for n, f in state.items()}
    for row in rows:
        unaccepted = [v for v in state[row.repository].values() if not v[1]]
        assert sum(row.open.values()) == len(unaccepted)
    trend = store.trend(OWNER, scan=scan_id)[-1]
    assert sum(trend.open.values()) == sum(sum(row.open.values()) for row in rows)
    changes = store.changes(OWNER, scan=scan_id)
    assert (trend.new, trend.fixed) == (changes.new_count, changes.fixed_count)
    assert len(changes.new) == changes.new_count
    assert len(changes.fixed) == changes.fixed_count
