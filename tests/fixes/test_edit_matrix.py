"""Every edit of every example holds in every form of a file, and on generated workflows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.check import Check, Example
from audits.checks import all_checks
from audits.fixes.edit_sets import MovedTextError, edit_sets, new_text
from audits.model.edit_plan import LeftReason
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules
from audits.pipeline.edit_plan import MOST_ROUNDS, FixChoice, plan_edits
from audits.pipeline.edit_proof import tree_fault
from audits.pipeline.run import Plan, audit_batch
from audits.pipeline.run_checks import judge
from tests.checks.harness import INDEX, repository_of, texts, unmarked

PLAN = Plan(rules=Rules(index=INDEX, as_of=date(2026, 11, 29)))


def _wide(text: str) -> str:
    """Four spaces for each two, and as much behind a dash."""
    lines = []
    for line in text.split("\n"):
        rest = line.lstrip(" ")
        pad = " " * 2 * (len(line) - len(rest))
        lines.append(pad + re.sub(r"^- (?! )", "-   ", rest))
    return "\n".join(lines)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "no final newline": lambda text: text.rstrip("\n"),
    "four spaces": _wide,
}
FIXABLE = [
    pytest.param(check, example, id=f"{check.id}: {example.name}")
    for check in all_checks()
    if check.fix is not None
    for example in check.examples
]


@pytest.mark.parametrize(("check", "example"), FIXABLE)
def test_an_edit_holds_in_every_form_of_a_file(check: Check, example: Example) -> None:
    for form in FORMS:
        edits_hold(check, example, form)


def edits_hold(check: Check, example: Example, form: str) -> None:
    """Each edit set of a check on an example in a form is exact, and closes a finding."""
    written = {
        path: FORMS[form](unmarked(text)) if path.endswith((".yml", ".yaml")) else text
        for path, text in texts(example).items()
    }
    repository = repository_of(example, written)
    judged = judge(check, repository, INDEX)
    assert not judged.crash
    for made in edit_sets(judged.findings):
        for path in made.paths:
            file = repository.file(path)
            edits = [edit for edit in made.edits if edit.path == path]
            text = new_text(file, edits)
            after = SourceFile.of(path, text.encode())
            assert tree_fault(file, after, edits) == ""
            if file is not None:
                assert text.startswith("\ufeff") is file.text.startswith("\ufeff")
                only_crlf = "\r\n" in file.text
                assert not only_crlf or text.count("\n") == text.count("\r\n")
                with pytest.raises(MovedTextError):
                    new_text(after, edits)
            again = judge(check, repository_of(example, {**written, path: text}), INDEX)
            assert len(again.findings) < len(judged.findings) or len(made.paths) > 1


STEPS = st.lists(
    st.sampled_from(
        [
            "uses: actions/checkout@v4",
            "name: Check out\n        uses: actions/checkout@v4 # v4",
            "uses: actions/checkout@v4\n        with: {fetch-depth: 0}",
            "uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n          # all\n          ref: v1",
            "uses: actions/setup-python@v5\n        with:\n          cache: pip\n          python-version: '3'",
            "run: python -m build",
            "run: |\n          pip install build\n\n          python -m build",
            "run: make dist",
            "run: git push",
            "uses: actions/upload-artifact@v4\n        with: {name: dist, path: dist}",
            "uses: actions/upload-artifact@v4\n        with:\n          path: |\n            dist\n            extra\n",
            "uses: softprops/action-gh-release@v2",
            "uses: kestrel-ci/paint@v1",
            "uses: pypa/gh-action-pypi-publish@release/v1",
            "uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n          password: ${{ secrets.PYPI }}",
        ]
    ),
    min_size=1,
    max_size=5,
)
HEADS = st.lists(
    st.sampled_from(
        [
            "permissions: {contents: write, id-token: write}",
            "permissions:\n      id-token: write\n      # for notes\n      contents: write",
            "permissions: write-all",
            "permissions: {}",
            "environment: pypi",
            "environment: {name: pypi}",
            "environment:\n      name: pypi",
            "timeout-minutes: 5",
            "strategy: {matrix: {os: [ubuntu-20.04, macos-13]}}",
        ]
    ),
    max_size=3,
    unique_by=lambda text: text.split(":")[0],
)
TOPS = st.sampled_from(
    ["on: release", "on: {release: {types: [created]}}", "on:\n  release:\n  push:\n    tags: [v*]"]
)
SHARED = st.sampled_from(
    [
        "",
        "permissions: {}",
        "permissions: write-all",
        "permissions:\n  contents: write\n  packages: write",
    ]
)


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """A release workflow of one to three jobs, with things in it that have edits."""
    parts = [draw(TOPS), *filter(None, [draw(SHARED)]), "jobs:"]
    for number in range(draw(st.integers(1, 3))):
        parts += [f"  job{number}:", "    runs-on: ubuntu-latest"]
        parts += [f"    {head}" for head in draw(HEADS)]
        parts += ["", "    steps:"] if draw(st.booleans()) else ["    steps:"]
        parts += [f"      - {step}" for step in draw(STEPS)]
    return "\n".join(parts) + "\n"


# The stored token goes once the rights stand at the job: an edit that fails its proof is tried
# again on the texts that others made.
_LATER = """\
on: release
permissions:
  contents: write
  packages: write
jobs:
  job0:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI }}
"""


@given(workflows(), st.sampled_from(sorted(FORMS)), st.booleans())
@example(text=_LATER, form="BOM", review=True)
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_plan_is_proved_whole_and_leaves_nothing_for_a_second_one(
    text: str, form: str, review: bool
) -> None:
    path = ".github/workflows/release.yml"
    files = (
        SourceFile.of(path, FORMS[form](text).encode()),
        SourceFile.of("pyproject.toml", b'[project]\nname = "lumen"\n'),
    )
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=files)
    (audit,) = audit_batch((snapshot,), PLAN)
    plan = plan_edits(audit, PLAN, FixChoice(review=review))
    assert plan.rounds < MOST_ROUNDS
    assert not [each for each in plan.left if each.reason is LeftReason.CONFLICT]
    assert (plan.after.score.points or 0) >= (plan.before.score.points or 0)
    assert len(plan.after.findings) <= len(plan.before.findings)
    changed = {file.path: file.text for file in plan.files}
    after = tuple(
        SourceFile.of(file.path, changed.pop(file.path, file.text).encode()) for file in files
    )
    new = tuple(SourceFile.of(name, made.encode()) for name, made in changed.items())
    (again,) = audit_batch((replace(snapshot, files=(*after, *new)),), PLAN)
    assert plan_edits(again, PLAN, FixChoice(review=review)).made == ()
