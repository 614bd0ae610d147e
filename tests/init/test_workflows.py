"""What init writes, over backends, version schemes, folders and visibility: as safe as it says."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.init.pins import PINS, TAKEN
from audits.init.plan import Wants
from audits.model.outcome import Severity
from audits.model.score import Audit, Grade
from audits.pipeline.audit import Rules
from audits.pipeline.edit_plan import FixChoice, plan_edits
from audits.pipeline.run import Plan, audit_batch
from tests.checks.harness import INDEX
from tests.init.projects import (
    CASES,
    FOLDERS,
    PYTHON,
    Case,
    Files,
    files_of,
    plan_of,
    repository_of,
    written,
)
from tests.patience import PATIENCE

PLAN = Plan(rules=Rules(index=INDEX))
VERDICTS = Path(__file__).parent / "parser_verdicts.json"


def audited(files: Files) -> Audit:
    (found,) = audit_batch((repository_of(files).snapshot,), PLAN)
    return found


def two_packages() -> Files:
    """Two packages in folders of their own."""
    other = PYTHON[6].files["pyproject.toml"].replace("lumen", "lumen-web")
    return {**files_of(PYTHON[0], "core"), "web/pyproject.toml": other}


def everything_written() -> Iterator[tuple[str, Files]]:
    """Every repository of the matrix as it is afterwards, by a name that could be a folder's."""
    for case in CASES:
        for folder in FOLDERS:
            files = files_of(case, folder)
            for wants in (Wants(), Wants(staged=False)):
                name = f"{case.name}-{folder.replace('/', '_')}{'' if wants.staged else '-direct'}"
                if wants.staged or case.name.startswith("npm"):
                    yield name, written(files, plan_of(files, wants))
    yield "two", written(two_packages(), plan_of(two_packages()))


def workflow_of(files: Files) -> str:
    return files[".github/workflows/release.yml"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_written_earns_an_a_and_leaves_nothing_to_fix(case: Case, folder: str) -> None:
    files = files_of(case, folder)
    plans = [plan_of(files, Wants(private=private)) for private in (None, False, True)]
    assert plans[0].files == plans[1].files == plans[2].files
    after = written(files, plans[0])
    found = audited(after)
    assert not plans[0].refused
    assert found.score.grade is Grade.A
    assert (found.score.points or 0) >= 99
    assert found.score.tier == 0
    assert not [f for f in found.findings if f.severity > Severity.LOW]
    assert len({package for p in found.repository.publications for package in p.packages}) == 1
    assert not plan_edits(found, PLAN, FixChoice(review=True)).files
    assert ("fetch-depth: 0" in workflow_of(after)) == case.history
    again = plan_of(after)
    assert not again.files
    assert again.settled == (".github/workflows/release.yml",)


def test_two_packages_have_workflows_tags_and_environments_of_their_own() -> None:
    files = two_packages()
    found = audited(written(files, plan_of(files)))
    assert found.score.grade is Grade.A
    assert not found.findings
    names = {
        p.packages: p.environment.name.value for p in found.repository.publications if p.environment
    }
    assert names == {("lumen",): "pypi-lumen", ("lumen-web",): "pypi-lumen-web"}
    conditions = {
        job.condition.text.value
        for workflow in found.repository.workflows
        for job in workflow.jobs
        if job.condition is not None
    }
    assert conditions == {
        "startsWith(github.event.release.tag_name, 'lumen/v')",
        "startsWith(github.event.release.tag_name, 'lumen-web/v')",
    }


def test_zizmor_finds_nothing_in_them(tmp_path: Path) -> None:
    paths = []
    for name, files in everything_written():
        for path, text in files.items():
            if path.startswith(".github/"):
                place = tmp_path / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")
                paths.append(str(place))
    program = Path(sysconfig.get_path("scripts")) / "zizmor"
    run = subprocess.run(
        [program, "--offline", "--no-progress", "--persona", "auditor", "--format", "json", *paths],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert json.loads(run.stdout) == [], run.stdout
    assert run.stderr.count("completed") == len(paths)


def workflows_written() -> dict[str, str]:
    """Every workflow that the matrix writes, by the digest of its text."""
    texts = {
        text
        for _, files in everything_written()
        for path, text in files.items()
        if path.startswith(".github/workflows/")
    }
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}


def test_githubs_own_parser_took_each_of_them() -> None:
    """The verdicts were given by the npm package of the same name; tests/init/parser asks it
    again, as the weekly job does.
    """
    known = json.loads(VERDICTS.read_text("utf-8"))
    assert known["parser"].startswith("@actions/workflow-parser@")
    assert set(known["accepted"]) == set(workflows_written())


def test_pins_are_commits_with_the_versions_that_update_bots_keep() -> None:
    assert TAKEN.isoformat() == "2026-11-29"
    for action, pin in PINS.items():
        assert pin.action == action
        assert len(pin.commit) == 40
        assert not set(pin.commit) - set("0123456789abcdef")
        assert pin.version.startswith("v")
        assert pin.version.count(".") == 2
        assert pin.source.startswith(f"https://github.com/{action}/releases/tag/v")
    assert len({pin.commit for pin in PINS.values()}) == len(PINS)
    used = "".join(text for text in workflows_written().values())
    assert all(pin.uses in used for pin in PINS.values())
