"""Who accepts a finding: a waiver, a comment of ours, a comment of zizmor's, its configuration."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from audits.checks import all_checks
from audits.model.outcome import Acceptance, AcceptanceKind, Outcome
from audits.model.repository import Breadth
from audits.pipeline.audit import Rules, audit
from audits.pipeline.run_checks import judge
from audits.suppressions.accept import Acceptances
from audits.suppressions.waivers import read_waivers
from tests.checks.harness import INDEX
from tests.engines.agreement import program
from tests.engines.test_zizmor import repository
from tests.engines.zizmor_cases import PIN, RELEASE, UPLOAD, workflow

CHECKS = {check.id: check for check in all_checks()}
RULES = {check.id: check.zizmor for check in all_checks() if check.zizmor}
TODAY = date(2026, 3, 1)
CONFIG = ".github/zizmor.yml"


def acceptances(waivers: str = "") -> Acceptances:
    return Acceptances(read_waivers(waivers, TODAY, frozenset(CHECKS)), RULES)


def accepted(check: str, files: dict[str, str], waivers: str = "") -> list[Acceptance | None]:
    found = judge(CHECKS[check], repository(files, Breadth.ALL), INDEX, acceptances(waivers))
    assert not found.crash
    return [finding.acceptance for finding in found.findings]


def pinned(first: str = "", second: str = "", above: str = "") -> dict[str, str]:
    """A release with one action that is not pinned, and comments around it."""
    return {
        RELEASE: workflow(
            f"{above}- name: Peel{first}\n  uses: orchard-labs/peel@v1{second}\n{UPLOAD}"
        )
    }


@pytest.mark.parametrize(
    "files",
    [
        pinned(second=" # release-audit: ignore[unpinned-action] our own action"),
        pinned(second=" # v1 # release-audit: ignore[unpinned-action] our own action"),
        pinned(second=" #release-audit:ignore[unpinned-image, unpinned-action] our own action"),
        pinned(first="\n  # release-audit: ignore[unpinned-action] our own action"),
    ],
)
def test_a_comment_of_ours_accepts_with_its_reason(files: dict[str, str]) -> None:
    (found,) = accepted("unpinned-action", files)
    assert found is not None
    assert (found.kind, found.reason) == (AcceptanceKind.LOCAL, "our own action")


@pytest.mark.parametrize(
    "files",
    [
        pinned(second=" # release-audit: ignore[unpinned-action]"),
        pinned(second=" # release-audit: ignore[unpinned-action]   "),
        pinned(second=" # release-audit: ignore[] our own action"),
        pinned(second=" # release-audit: ignore[unpinned-image] our own action"),
        pinned(second=" # release-audit: ignore[*] our own action"),
        pinned(second=" # ignore[unpinned-action] our own action"),
        pinned(first=" # release-audit: ignore[unpinned-action] on the line above, not alone"),
        pinned(above="# release-audit: ignore[unpinned-action] two lines above\n"),
        pinned(first="\n  env: {A: ' # release-audit: ignore[unpinned-action] text'}"),
    ],
)
def test_other_comments_accept_nothing(files: dict[str, str]) -> None:
    assert accepted("unpinned-action", files) == [None]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo ${{ github.ref_name }} # release-audit: ignore[template-injection] ours", "ours"),
        ("# release-audit: ignore[template-injection] ours\necho ${{ github.ref_name }}", "ours"),
        ("echo '# release-audit: ignore[template-injection] x' ${{ github.ref_name }}", None),
        ("echo ${{ github.ref_name }}\n# release-audit: ignore[template-injection] below", None),
        ("echo ${{ github.ref_name }} # zizmor: ignore[template-injection] not in zizmor", None),
    ],
)
def test_a_comment_of_a_script_accepts_what_the_script_does(
    script: str, reason: str | None
) -> None:
    files = {RELEASE: workflow("- run: |\n    " + script.replace("\n", "\n    ") + f"\n{UPLOAD}")}
    assert [each and each.reason for each in accepted("template-injection", files)] == [reason]


def test_a_comment_counts_only_where_the_file_of_waivers_allows_it() -> None:
    files = pinned(second=" # release-audit: ignore[unpinned-action] our own action")
    (plain,) = accepted("unpinned-action", files)
    (allowed,) = accepted(
        "unpinned-action", files, "[policy]\naccept-locally = ['unpinned-action']\n"
    )
    assert plain is not None
    assert allowed is not None
    assert (plain.counts, allowed.counts) == (False, True)


WAIVER = """\
[[waiver]]
repository = "orchard-labs/*"
check = "unpinned-action"
responsible = "release team"
reason = "pinned next week"
ticket = "OPS-41"
expires = 2026-03-08
"""


def test_a_waiver_goes_before_a_comment() -> None:
    files = pinned(second=" # release-audit: ignore[unpinned-action] our own action")
    (found,) = accepted("unpinned-action", files, WAIVER)
    assert found == Acceptance(
        kind=AcceptanceKind.WAIVER,
        reason="pinned next week",
        responsible="release team",
        ticket="OPS-41",
        expires=date(2026, 3, 8),
    )


def test_an_expired_waiver_accepts_nothing() -> None:
    later = Acceptances(read_waivers(WAIVER, date(2026, 3, 9), frozenset(CHECKS)), RULES)
    found = judge(CHECKS["unpinned-action"], repository(pinned()), INDEX, later)
    assert [finding.acceptance for finding in found.findings] == [None]


def test_both_scores_are_kept() -> None:
    shown = repository(pinned())
    with_it = audit(shown, Rules(index=INDEX, accept=acceptances(WAIVER)))
    without = audit(shown, Rules(index=INDEX))
    assert with_it.strict_score == without.score == without.strict_score
    assert with_it.score.points is not None
    assert without.score.points is not None
    assert with_it.score.points > without.score.points
    result = next(r for r in with_it.results if r.check == "unpinned-action")
    assert (result.outcome, result.failing, len(result.findings)) == (Outcome.FAIL, 0, 1)


def test_a_comment_that_does_not_count_changes_no_score() -> None:
    files = pinned(second=" # release-audit: ignore[unpinned-action] our own action")
    marked = audit(repository(files), Rules(index=INDEX, accept=acceptances()))
    plain = audit(repository(pinned()), Rules(index=INDEX))
    assert marked.score.points == plain.score.points


TWO = "  other:\n    name: Other\n    runs-on: self-hosted\n    steps:\n      - run: make\n"
CALL = (
    "  call:\n    name: Call\n    permissions: {}\n"
    "    uses: orchard-labs/ci/.github/workflows/build.yml@v1\n    with:\n      fast: true\n"
    "    secrets: inherit\n"
)
ALIKE = {
    "unpinned-action": workflow(
        f"{UPLOAD}\n- name: Peel\n  uses: orchard-labs/peel@v1\n  with:\n    x: y"
    ),
    "unpinned-reusable-workflow": workflow(UPLOAD, more=CALL),
    "inherited-secrets": workflow(UPLOAD, more=CALL),
    "unpinned-image": workflow(UPLOAD, job="environment: pypi\ncontainer:\n  image: python"),
    "default-token-permissions": workflow(UPLOAD, top="run-name: x", more=TWO),
    "broad-workflow-permissions": workflow(
        UPLOAD, top="permissions:\n  contents: write\n  packages: write", more=TWO
    ),
    "persisted-checkout-credentials": workflow(
        f"- name: Get\n  uses: actions/checkout@{PIN} # v4.2.2\n  with:\n    fetch-depth: 0\n{UPLOAD}"
    ),
    "secrets-outside-environment": workflow(
        "- run: twine upload dist/*\n  env:\n    TWINE_PASSWORD: ${{ secrets.PYPI_TOKEN }}", job=""
    ),
    "template-injection": workflow(
        f"- name: Tell\n  run: |\n    make\n    echo ${{{{ github.ref_name }}}}\n  env:\n    x: y\n{UPLOAD}"
    ),
    "dangerous-trigger": workflow(
        UPLOAD, on="\n  push:\n  pull_request_target:\n    types: [opened]"
    ),
    "cached-release-build": workflow(
        f"- name: Keep\n  uses: actions/cache@{PIN}\n  with: {{path: x, key: y}}\n{UPLOAD}",
        on="\n  release:\n    types: [published]",
    ),
    "constant-condition": workflow(
        f"- name: Make\n  if: ${{{{ github.ref_type == 'tag' }}}} && true\n  run: make\n{UPLOAD}"
    ),
    "exposed-secrets": workflow(
        f"- run: make\n  env:\n    ALL: ${{{{ toJSON(secrets) }}}}\n{UPLOAD}"
    ),
}


def variants(check: str) -> dict[int, str]:
    """The workflow with zizmor's comment at the end of each of its lines."""
    lines = ALIKE[check].rstrip("\n").split("\n")
    mark = f" # zizmor: ignore[{RULES[check]}] tried"
    return {
        number: "\n".join([*lines[: number - 1], lines[number - 1] + mark, *lines[number:], ""])
        for number in range(1, len(lines) + 1)
    }


@cache
def applied_by_zizmor() -> dict[tuple[str, int], set[int]]:
    """By check and line of the comment: the lines that zizmor still reports."""
    options = (
        "--offline",
        "-q",
        "--no-progress",
        "--format",
        "json-v1",
        "--no-exit-codes",
        "--persona",
        "auditor",
        "--no-config",
    )
    left: dict[tuple[str, int], set[int]] = {}
    with TemporaryDirectory() as name:
        paths = []
        for check in ALIKE:
            for number, text in variants(check).items():
                target = Path(name) / check / str(number) / RELEASE
                target.parent.mkdir(parents=True)
                target.write_text(text, encoding="utf-8")
                paths.append(f"{check}/{number}/{RELEASE}")
                left[check, number] = set()
        done = subprocess.run(
            [program(), *options, "--", *paths],
            cwd=name,
            capture_output=True,
            text=True,
            check=True,
        )
    for entry in json.loads(done.stdout):
        place = next(at for at in entry["locations"] if at["symbolic"]["kind"] == "Primary")
        check, number, _ = place["symbolic"]["key"]["Local"]["verbatim_path"].split("/", 2)
        if entry["ident"] == RULES[check]:
            line = place["concrete"]["location"]["start_point"]["row"] + 1
            left[check, int(number)].add(line)
    return left


@pytest.mark.parametrize("check", ALIKE)
def test_zizmors_comments_are_applied_where_zizmor_applies_them(check: str) -> None:
    plain = judge(CHECKS[check], repository({RELEASE: ALIKE[check]}, Breadth.ALL), INDEX)
    lines = {finding.finding.at.line for finding in plain.findings}
    assert lines
    accepted_somewhere = False
    for number, text in variants(check).items():
        shown = repository({RELEASE: text}, Breadth.ALL)
        found = judge(CHECKS[check], shown, INDEX, acceptances())
        left = {f.finding.at.line for f in found.findings if f.acceptance is None}
        assert left == applied_by_zizmor()[check, number] & lines, f"comment on line {number}"
        accepted_somewhere |= left != lines
    assert accepted_somewhere


@pytest.mark.parametrize(
    ("comment", "applies"),
    [
        ("# zizmor: ignore[unpinned-uses]", True),
        ("# zizmor: ignore[unpinned-uses] why", True),
        ("## zizmor: ignore[artipacked, unpinned-uses]", True),
        ("# v1 # zizmor: ignore[unpinned-uses]", True),
        ("#zizmor: ignore[unpinned-uses]", False),
        ("# zizmor:ignore[unpinned-uses]", False),
        ("# ZIZMOR: ignore[unpinned-uses]", False),
        ("# see zizmor: ignore[unpinned-uses]", False),
        ("# zizmor: ignore[unpinned-uses]: why", False),
        ("# zizmor: ignore[unpinned-uses] see [1]", False),
        ("# zizmor: ignore", False),
        ("# zizmor: ignore[*]", False),
    ],
)
def test_zizmors_form_is_followed_to_the_space(comment: str, applies: bool, tmp_path: Path) -> None:
    files = pinned(second=f" {comment}")
    (found,) = accepted("unpinned-action", files)
    assert (found is not None) is applies
    (tmp_path / "release.yml").write_text(files[RELEASE], encoding="utf-8")
    words = [program(), "--offline", "-q", "--no-progress", "--format", "json-v1", "release.yml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    rules = {entry["ident"] for entry in json.loads(done.stdout)}
    assert ("unpinned-uses" not in rules) is applies


@pytest.mark.parametrize(
    ("path", "text", "applies"),
    [
        (CONFIG, "rules: {unpinned-uses: {disable: true}}", True),
        ("zizmor.yml", "rules: {unpinned-uses: {disable: true}}", True),
        (CONFIG, "rules: {unpinned-uses: {ignore: [release.yml]}}", True),
        (CONFIG, "rules: {unpinned-uses: {ignore: ['release.yml:11']}}", True),
        (CONFIG, "rules: {unpinned-uses: {ignore: ['release.yml:10']}}", True),
        (CONFIG, "rules: {unpinned-uses: {ignore: ['release.yml:11:15']}}", True),
        (CONFIG, "rules: {unpinned-uses: {ignore: ['release.yml:9']}}", False),
        (CONFIG, "rules: {unpinned-uses: {ignore: ['other.yml']}}", False),
        (CONFIG, f"rules: {{unpinned-uses: {{ignore: ['{RELEASE}']}}}}", False),
        (CONFIG, "rules: {artipacked: {disable: true}}", False),
        (CONFIG, "rules: {unpinned-uses: {disable: false}}", False),
        (CONFIG, "rules: [", False),
        ("docs/zizmor.yml", "rules: {unpinned-uses: {disable: true}}", False),
    ],
)
def test_zizmors_configuration_is_applied(path: str, text: str, applies: bool) -> None:
    files = {RELEASE: workflow(f"- name: Peel\n  uses: orchard-labs/peel@v1\n{UPLOAD}"), path: text}
    (found,) = accepted("unpinned-action", files)
    assert (found is not None and path in found.reason) is applies


def test_the_configuration_beside_the_workflows_goes_first() -> None:
    files = pinned() | {
        "zizmor.yml": "rules: {unpinned-uses: {disable: true}}",
        CONFIG: "rules: {artipacked: {disable: true}}",
    }
    assert accepted("unpinned-action", files) == [None]
