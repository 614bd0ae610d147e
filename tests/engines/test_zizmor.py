"""The wheel's zizmor over invented repositories: what is kept, what is lost and what is said."""

from __future__ import annotations

import re
import stat
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from audits.checks import all_checks
from audits.engines.zizmor import Zizmor
from audits.engines.zizmor_rules import KEPT_RULES, ZIZMOR_RULES
from audits.model.engine import EngineReport
from audits.model.outcome import Area, Severity
from audits.model.repository import Breadth, Repository
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.engines.zizmor_cases import PIN, RELEASE, UPLOAD, workflow

BOT = "- run: make\n  if: github.actor == 'dependabot[bot]'\n"
OTHER = ".github/workflows/other.yml"
DEPENDABOT = ".github/dependabot.yml"
EXECUTES = (
    "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"
    "    schedule: {interval: weekly}\n    insecure-external-code-execution: allow\n"
)


def repository(files: dict[str, str], breadth: Breadth = Breadth.RELEASE) -> Repository:
    sources = tuple(SourceFile.of(path, text.encode()) for path, text in files.items())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=sources)
    return read_repository(snapshot, channel=INDEX.channel_of, breadth=breadth, index_hosts=INDEX)


def report(files: dict[str, str], breadth: Breadth = Breadth.RELEASE) -> EngineReport:
    (found,) = Zizmor().run((repository(files, breadth),))
    return found


def places(found: EngineReport) -> set[tuple[str, str, int]]:
    return {(f.rule, f.finding.at.path, f.finding.at.line) for f in found.findings}


def test_it_runs_the_wheel_and_names_its_version() -> None:
    found = report({RELEASE: workflow(UPLOAD)})
    assert (found.ran, found.version) == (True, version("zizmor"))
    assert found.rules == tuple(sorted(KEPT_RULES))
    assert not found.findings
    assert not found.gaps


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ("bot-conditions", BOT),
        ("insecure-commands", "- run: make\n  env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}\n"),
        ("obfuscation", f"- uses: orchard-labs/tools/.@{PIN}\n"),
        ("unsound-contains", "- run: make\n  if: contains('main stable', github.ref_name)\n"),
        ("unsound-ternary", "- run: echo ${{ github.ref_protected && '' || 'x' }}\n"),
        ("typosquat-uses", f"- uses: action/checkout@{PIN}\n"),
        ("unredacted-secrets", "- run: make\n  env: {A: '${{ fromJSON(secrets.A).b }}'}\n"),
        ("adhoc-packages", "- run: npm install -g peel\n"),
        ("unpinned-tools", f"- uses: extractions/setup-just@{PIN}\n"),
        ("misfeature", "- run: make\n  shell: cmd\n"),
        (
            "github-app",
            f"- uses: actions/create-github-app-token@{PIN}\n  with: {{app-id: 1, private-key: x}}\n",
        ),
    ],
)
def test_rules_that_we_do_not_have_are_kept(rule: str, steps: str) -> None:
    found = report({RELEASE: workflow(steps + UPLOAD)})
    assert rule in {each.rule for each in found.findings}
    assert {each.rule for each in found.findings} <= KEPT_RULES
    for each in found.findings:
        explained = ZIZMOR_RULES[each.rule]
        assert (each.title, each.url) == (explained.title, explained.url)
        assert each.severity <= explained.severity
    assert all(each.finding.at.path == RELEASE for each in found.findings)


def test_writes_to_the_environment_and_dependabot_are_kept() -> None:
    text = workflow(f'- run: echo "$X" >> $GITHUB_ENV\n{UPLOAD}', on="pull_request_target")
    found = report({RELEASE: text, DEPENDABOT: EXECUTES})
    assert {each.rule for each in found.findings} == {"github-env", "dependabot-execution"}


@pytest.mark.parametrize(
    ("beside", "severity"),
    [
        ("push", Severity.LOW),
        ("pull_request", Severity.LOW),
        ("pull_request_target", Severity.HIGH),
    ],
)
def test_an_action_that_writes_to_the_environment_is_judged_by_the_events_of_the_repository(
    beside: str, severity: Severity
) -> None:
    action = "runs:\n  using: composite\n  steps:\n    - {run: make >> $GITHUB_ENV, shell: bash}\n"
    files = {
        RELEASE: workflow("- uses: ./.github/actions/set\n" + UPLOAD),
        ".github/actions/set/action.yml": action,
        OTHER: workflow("- run: make\n", on=beside),
    }
    (found,) = [each for each in report(files).findings if each.rule == "github-env"]
    assert (found.severity, found.finding.severity) == (severity, severity)
    assert bool(found.finding.because) is (severity is Severity.LOW)


def test_no_rule_is_kept_that_a_check_of_ours_judges() -> None:
    named = {check.zizmor for check in all_checks() if check.zizmor}
    assert not KEPT_RULES & named
    assert named <= set(ZIZMOR_RULES)
    steps = "- uses: actions/checkout@v4\n- run: echo ${{ github.event.release.name }}\n"
    found = report({RELEASE: workflow(steps + UPLOAD, on="[pull_request_target, release]")})
    assert not found.findings


def test_of_each_rule_that_is_not_kept_it_is_said_what_stands_for_it() -> None:
    named = {check.zizmor for check in all_checks()}
    for rule in ZIZMOR_RULES.values():
        assert rule.kept is (rule.id in KEPT_RULES)
        assert rule.kept or bool(rule.instead) is (rule.id not in named), rule.id


def test_the_rules_are_those_of_the_wheel() -> None:
    program = Path(Zizmor().program or "").read_bytes()
    named = set(re.findall(rb"docs\.zizmor\.sh/audits/#([a-z-]+)", program))
    for rule in ZIZMOR_RULES:
        assert any(each.startswith(rule.encode()) for each in named), rule


def test_a_finding_has_its_place_its_job_and_its_page() -> None:
    (found,) = report({RELEASE: workflow(BOT + UPLOAD)}).findings
    at = found.finding.at
    assert (at.path, at.line, found.rule) == (RELEASE, 11, "bot-conditions")
    assert found.finding.job is not None
    assert found.finding.job.id == "publish"
    assert found.severity >= Severity.MEDIUM
    assert found.url.startswith("https://")


def test_release_workflows_alone_are_looked_at_unless_all_are_asked_for() -> None:
    files = {RELEASE: workflow(UPLOAD), OTHER: workflow(BOT, on="push"), DEPENDABOT: EXECUTES}
    assert {path for _, path, _ in places(report(files))} == {DEPENDABOT}
    assert {path for _, path, _ in places(report(files, Breadth.ALL))} == {OTHER, DEPENDABOT}
    nothing = report({OTHER: workflow(BOT, on="push"), DEPENDABOT: EXECUTES})
    assert (nothing.findings, nothing.gaps, nothing.ran) == ((), (), True)


def test_an_alias_is_reported_once() -> None:
    steps = "- &bot\n  run: make\n  if: github.actor == 'dependabot[bot]'\n- *bot\n"
    assert len(report({RELEASE: workflow(steps + UPLOAD)}).findings) == 1


BAD = {
    "a reference without @": workflow(f"- uses: checkout\n{UPLOAD}"),
    "inputs from an expression": workflow(f"{UPLOAD}\n  with: ${{{{ fromJSON(vars.X) }}}}"),
    "permissions that zizmor's schema refuses": workflow(UPLOAD, top="permissions: read"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_zizmor_refuses_costs_that_file(name: str) -> None:
    first = {RELEASE: BAD[name], ".github/workflows/good.yml": workflow(BOT + UPLOAD)}
    second = {RELEASE: workflow(BOT + UPLOAD)}
    one, other = Zizmor().run((repository(first), repository(second)))
    assert places(one) == {("bot-conditions", ".github/workflows/good.yml", 11)}
    assert places(other) == {("bot-conditions", RELEASE, 11)}
    (gap,) = one.gaps
    assert (gap.subject, gap.reason) == (RELEASE, GapReason.UNSUPPORTED)
    assert gap.detail.startswith(f"zizmor could not read {RELEASE}")
    assert not other.gaps


def test_many_refused_files_cost_only_themselves() -> None:
    bad = workflow(UPLOAD, top="permissions: read")
    files = {f".github/workflows/bad-{n}.yml": bad for n in range(12)}
    found = report({**files, RELEASE: workflow(BOT + UPLOAD)})
    assert {gap.subject for gap in found.gaps} == set(files)
    assert places(found) == {("bot-conditions", RELEASE, 11)}


def test_files_that_we_could_not_read_are_not_handed_on() -> None:
    found = report({RELEASE: "on: [push\n", OTHER: workflow(BOT + UPLOAD)})
    assert places(found) == {("bot-conditions", OTHER, 11)}
    assert not found.gaps


@pytest.mark.parametrize("program", [None, "no-such-program"])
def test_an_absent_program_is_a_gap(program: str | None) -> None:
    shown = repository({RELEASE: workflow(BOT + UPLOAD)})
    for found in Zizmor(program=program).run((shown, shown)):
        assert not found.ran
        assert not found.version
        assert [gap.reason for gap in found.gaps] == [GapReason.UNAVAILABLE]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for a program")
@pytest.mark.parametrize("script", ["exit 0", "exit 7", "echo nonsense", "kill -9 $$"])
def test_a_program_that_is_not_zizmor_is_a_gap(script: str, tmp_path: Path) -> None:
    program = tmp_path / "zizmor"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (found,) = Zizmor(program=str(program)).run((repository({RELEASE: workflow(UPLOAD)}),))
    assert (found.ran, [gap.reason for gap in found.gaps]) == (False, [GapReason.UNAVAILABLE])


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for a program")
def test_tokens_are_kept_from_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "environment"
    program = tmp_path / "zizmor"
    program.write_text(f"#!/bin/sh\nenv > {seen}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "ZIZMOR_GITHUB_TOKEN", "RELEASE_AUDIT_TOKEN"):
        monkeypatch.setenv(name, "planted")
    Zizmor(program=str(program)).run((repository({RELEASE: workflow(UPLOAD)}),))
    assert "ZIZMOR_OFFLINE=1" in seen.read_text(encoding="utf-8")
    assert "planted" not in seen.read_text(encoding="utf-8")


def test_its_findings_are_results_that_are_scored_like_our_own() -> None:
    shown = repository({RELEASE: workflow(BOT + UPLOAD)})
    rules = Rules(index=INDEX)
    (found,) = Zizmor().run((shown,))
    with_it, without = audit(shown, rules, engine=found), audit(shown, rules)
    (result,) = [r for r in with_it.results if r.check.startswith("zizmor/")]
    assert (result.check, result.area, result.weight) == (
        "zizmor/bot-conditions",
        Area.INTEGRITY,
        40.0,
    )
    assert with_it.score.points is not None
    assert without.score.points is not None
    assert with_it.score.points <= without.score.points
    lost = {d.check for area in with_it.score.areas for d in area.deductions}
    assert "zizmor/bot-conditions" in lost
    assert with_it.engine is not None
    assert with_it.engine.version == version("zizmor")
    assert without.engine is None


def test_a_gap_of_the_engine_reaches_the_audit() -> None:
    shown = repository({RELEASE: BAD["a reference without @"]})
    (found,) = Zizmor().run((shown,))
    assert set(found.gaps) <= set(audit(shown, Rules(index=INDEX), engine=found).repository.gaps)
