"""What a zizmor.yml ignores, and what of a broken one is said; a mistake accepts nothing.

What is refused here is what zizmor itself refuses ("configuration error").
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.parse.zizmor_config import ZizmorConfig, read_config
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.scoring.test_score import LESSON

PATH = ".github/zizmor.yml"


def read(text: str) -> ZizmorConfig:
    return read_config(SourceFile.of(PATH, text.encode()))


def of(rule: str) -> ZizmorConfig:
    return read(f"rules:\n  unpinned-uses: {rule}\n")


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        ("{ignore: [r.yml]}", [("r.yml", None)]),
        ("{ignore: ['r.yml:6']}", [("r.yml", 6)]),
        ("{ignore: ['r.yml:6:9', a.yml]}", [("r.yml", 6), ("a.yml", None)]),
        ("{disable: true}", [("", None)]),
        ("{disable: false}", []),
        ("{ignore: }", []),
        ("{config: {policies: {}}}", []),
        ("", []),
    ],
)
def test_entries_are_read(rule: str, places: list[tuple[str, int | None]]) -> None:
    found = of(rule)
    assert [(i.file, i.line) for i in found.ignores] == places
    assert {i.rule for i in found.ignores} <= {"unpinned-uses"}
    assert found.gaps == ()


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "rules:\n", "rules: {}\n", "{}\n"])
def test_nothing_is_ignored_by_an_empty_file(text: str) -> None:
    assert read(text) == ZizmorConfig()


@pytest.mark.parametrize(
    "rule",
    [
        "{ignore: r.yml}",
        "{ignore: ['r.yml:x']}",
        "{ignore: ['r.yml:0']}",
        "{ignore: ['r.yml:\u00b2']}",
        "{ignore: ['r.yml:99999999999999999999']}",
        "{ignore: ['r.yml:1:2:3']}",
        "{ignore: ['']}",
        "{ignore: [[r.yml]]}",
        "{ignore: {r.yml: 3}}",
        "{disable: yes}",
        "{disable: 'true'}",
        "{disable: [true]}",
        "[]",
        "true",
        "{disable: true, ignore: [{}]}",
    ],
)
def test_a_mistake_is_a_gap_with_its_line_and_ignores_nothing(rule: str) -> None:
    found = of(rule)
    assert found.ignores == ()
    assert [(gap.subject, gap.line, gap.reason) for gap in found.gaps] == [
        (PATH, 2, GapReason.INVALID)
    ]
    assert found.gaps[0].detail.startswith(f"{PATH}, line 2: ")
    assert not found.gaps[0].optional


@pytest.mark.parametrize(
    "text", ["rules: [\n", "rules: 3\n", "[]\n", "rules: {}\nrules: {}\n", "a: &a [*a]\n"]
)
def test_a_broken_file_is_one_gap(text: str) -> None:
    found = read(text)
    assert found.ignores == ()
    assert [gap.subject for gap in found.gaps] == [PATH]


def test_the_gap_reaches_the_audit_and_the_finding_stays_open() -> None:
    loose = LESSON.replace("actions/checkout@", "actions/checkout@v4 #")
    for config, accepted, gaps in (
        ("rules: {unpinned-uses: {disable: true}}\n", True, 0),
        ("rules: {unpinned-uses: {disable: maybe}}\n", False, 1),
    ):
        files = (
            SourceFile.of(".github/workflows/release.yml", loose.encode()),
            SourceFile.of(PATH, config.encode()),
        )
        snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=files)
        repository = read_repository(snapshot, channel=INDEX.channel_of)
        found = audit(repository, Rules(index=INDEX))
        assert len([g for g in found.repository.gaps if g.subject == PATH]) == gaps
        assert bool(read_config(files[1]).ignores) is accepted


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_entries_or_gaps(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    for found in (read(clean), of(clean)):
        assert not (found.gaps and found.ignores)
