"""Our checks and zizmor's rules of the same meaning report the same lines, or say why not."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from audits.checks import all_checks
from audits.collect.index.default_index import index_hosts
from audits.model.repository import Breadth, Repository
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository
from tests.engines.agreement import ASKS_GITHUB, Said, Spot, aligned, compared, we_say, zizmor_says
from tests.engines.zizmor_cases import DEVIATIONS, Case
from tests.engines.zizmor_cases_pins import CASES as PINS
from tests.engines.zizmor_cases_releases import CASES as RELEASES

CASES = (*PINS, *RELEASES)
INDEX = index_hosts(PYPI_SIMPLE_ENDPOINT)
MARK = re.compile(r"[ \t]*## (ours|zizmor)=([\w-]+)$", re.MULTILINE)


def files_of(case: Case) -> dict[str, str]:
    host = urlsplit(PYPI_SIMPLE_ENDPOINT).hostname or ""
    return {path: text.replace("{host}", host) for path, text in case.all_files().items()}


def declared(case: Case) -> tuple[dict[Spot, str], dict[Spot, str]]:
    """Which places the case gives to one side, with the deviation: ours, zizmor's."""
    sides: dict[str, dict[Spot, str]] = {"ours": {}, "zizmor": {}}
    for path, text in files_of(case).items():
        for number, line in enumerate(text.split("\n"), 1):
            for side, key in MARK.findall(line):
                sides[side][Spot(path, DEVIATIONS[key].rule, number)] = key
    return sides["ours"], sides["zizmor"]


def repository(case: Case) -> Repository:
    files = tuple(
        SourceFile.of(path, MARK.sub("", text).encode()) for path, text in files_of(case).items()
    )
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=files)
    return read_repository(
        snapshot, channel=INDEX.channel_of, breadth=Breadth.ALL, index_hosts=INDEX
    )


@cache
def zizmor_on_all() -> dict[Spot, Said]:
    """One run over the files of all cases, each case in a folder of its number."""
    with TemporaryDirectory() as name:
        paths = []
        for number, case in enumerate(CASES):
            for path, text in files_of(case).items():
                target = Path(name) / str(number) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(MARK.sub("", text), encoding="utf-8")
                paths.append(f"{number}/{path}")
        found = zizmor_says(Path(name), paths)
    assert found is not None
    return found


def zizmor_on(case: Case) -> dict[Spot, Said]:
    prefix = f"{CASES.index(case)}/"
    return {
        Spot(spot.path.removeprefix(prefix), spot.rule, spot.line): said
        for spot, said in zizmor_on_all().items()
        if spot.path.startswith(prefix) and spot.rule == case.rule
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_both_report_the_same_lines(case: Case) -> None:
    theirs = zizmor_on(case)
    said = aligned(we_say(repository(case), INDEX), theirs)
    ours = {spot: what for spot, what in said.items() if spot.rule == case.rule}
    only_ours, only_theirs = declared(case)
    assert set(ours) - set(theirs) == set(only_ours), ours
    assert set(theirs) - set(ours) == set(only_theirs), theirs
    assert len(set(ours) & set(theirs)) == case.agrees


def test_every_rule_that_works_offline_is_tried() -> None:
    assert {case.rule for case in CASES} == set(compared()) - ASKS_GITHUB


@pytest.mark.parametrize("key", sorted(DEVIATIONS))
def test_the_text_of_the_check_names_the_deviation(key: str) -> None:
    deviation = DEVIATIONS[key]
    check = next(check for check in all_checks() if check.id == deviation.check)
    said = " ".join(check.text.partition("## Deviations")[2].partition("\n## ")[0].split())
    assert check.zizmor == deviation.rule
    assert " ".join(deviation.says.split()) in said


def test_every_deviation_occurs() -> None:
    sides = (side for case in CASES for side in declared(case))
    assert set(Counter(key for side in sides for key in side.values())) == set(DEVIATIONS)


@pytest.mark.parametrize("check", [c for c in all_checks() if c.zizmor], ids=lambda c: c.id)
def test_a_check_that_names_a_rule_explains_how_it_differs(check: object) -> None:
    assert "## Deviations" in getattr(check, "text", "")
