"""Edits that once were called safe and were not, each with its quiet twin."""

from __future__ import annotations

import re

import pytest

from audits.check import Check, Example
from audits.checks import all_checks
from audits.fixes.edit_sets import MovedTextError, edit_sets, new_text
from audits.model.edit_plan import EditPlan
from audits.model.evidence import ResolvedRef
from audits.model.outcome import FixKind
from audits.model.score import AuditedFinding
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules
from audits.pipeline.edit_plan import FixChoice, plan_edits
from audits.pipeline.run import Plan, audit_batch
from audits.pipeline.run_checks import judge
from tests.checks.harness import INDEX, repository_of

PATH = ".github/workflows/release.yml"
CHECKOUT = "actions/checkout@v4"
UPLOAD = "      - uses: pypa/gh-action-pypi-publish@release/v1\n"


def check_of(name: str) -> Check:
    return next(check for check in all_checks() if check.id == name)


def found(name: str, workflow: str, **given: object) -> tuple[AuditedFinding, ...]:
    example = Example(name="x", workflow=workflow, **given)  # type: ignore[arg-type]
    judged = judge(check_of(name), repository_of(example), INDEX)
    assert not judged.crash
    return judged.findings


def publishing(*steps: str, head: str = "", checkout: str = CHECKOUT) -> str:
    lines = "".join(f"      - {step}\n" for step in (f"uses: {checkout}", *steps))
    return (
        "on: {release: {types: [published]}}\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
        f"{head}    steps:\n{lines}{UPLOAD}"
    )


def persisted(*steps: str, files: dict[str, str] | None = None, **more: str) -> AuditedFinding:
    every = found("persisted-checkout-credentials", publishing(*steps, **more), files=files or {})
    return every[0]


# F1


@pytest.mark.parametrize(
    "step",
    [
        "run: git push --follow-tags",
        "run: git -C docs push origin HEAD",
        "run: mike deploy --push latest",
        "run: mkdocs gh-deploy --force",
        "run: git fetch --unshallow",
        "run: git submodule update --init",
        "run: ghp-import -n -p site",
        "uses: stefanzweifel/git-auto-commit-action@v5",
    ],
)
def test_credentials_that_a_later_step_uses_are_left(step: str) -> None:
    assert persisted(step).finding.edits == ()
    assert persisted(step).finding.advice


@pytest.mark.parametrize(
    "step",
    [
        "run: make release",
        "run: ./tools/after.sh",
        "run: npm run deploy",
        "run: hatch run test",
        "run: tox -e py",
        "uses: kestrel-ci/announce@v1",
        "uses: docker://alpine:3",
    ],
)
def test_what_may_use_the_credentials_is_to_be_looked_at(step: str) -> None:
    audited = persisted(step)
    assert (audited.fix, bool(audited.finding.edits)) == (FixKind.REVIEW, True)
    assert "push" in audited.finding.advice


@pytest.mark.parametrize(
    "step",
    [
        "run: python -m build && twine check dist/*",
        "run: pip install build==1.3.0",
        "run: git describe --tags && git log -1",
        "run: mike deploy latest",
        "run: cargo publish --locked",
        "uses: actions/setup-python@v5",
    ],
)
def test_what_is_known_not_to_use_the_credentials_is_safe(step: str) -> None:
    assert persisted(step).fix is FixKind.SAFE


def test_a_stated_choice_and_a_comment_that_explains_it_stay() -> None:
    stated = publishing("run: python -m build").replace(
        CHECKOUT, f"{CHECKOUT}\n        with:\n          persist-credentials: true"
    )
    commented = publishing("run: python -m build").replace(
        f"      - uses: {CHECKOUT}",
        f"      # the tag is pushed by a hook\n      - uses: {CHECKOUT}",
    )
    for workflow in (stated, commented):
        (audited,) = found("persisted-checkout-credentials", workflow)
        assert audited.finding.edits == ()
        assert audited.finding.advice


@pytest.mark.parametrize(("script", "kind"), [("git push", None), ("pip install x", FixKind.SAFE)])
def test_local_composite_actions_are_opened(script: str, kind: FixKind | None) -> None:
    action = (
        "name: After\nruns:\n  using: composite\n  steps:\n"
        f"    - shell: bash\n      run: {script}\n"
    )
    files = {".github/actions/after/action.yml": action}
    assert persisted("uses: ./.github/actions/after", files=files).fix is kind


@pytest.mark.parametrize(
    ("scripts", "kind"),
    [
        ('{"postinstall": "git push"}', FixKind.REVIEW),
        ('{"prepare": "npm run all", "all": "gh-pages -d x"}', FixKind.REVIEW),
        ('{"prepare": "tsc", "ship": "git push"}', FixKind.SAFE),
    ],
)
def test_life_cycle_scripts_of_packages_are_read(scripts: str, kind: FixKind) -> None:
    files = {"package.json": f'{{"name": "lumenkit", "scripts": {scripts}}}'}
    assert persisted("run: npm ci", files=files).fix is kind


# F2


def default_token(*steps: str, **given: object) -> AuditedFinding:
    workflow = publishing(*steps)
    return found("default-token-permissions", workflow, **given)[-1]


def granted(audited: AuditedFinding) -> str:
    return " ".join(edit.new for edit in audited.finding.edits)


def test_a_login_with_the_job_s_token_needs_packages() -> None:
    audited = default_token(
        "uses: docker/login-action@v3\n        with: {registry: ghcr.io, username: x, "
        "password: '${{ secrets.GITHUB_TOKEN }}'}",
        "run: docker push ghcr.io/orchard-labs/lumen",
    )
    assert "packages: write" in granted(audited)
    assert audited.fix is FixKind.REVIEW


@pytest.mark.parametrize("step", ["run: mkdocs gh-deploy", "run: mike deploy --push x"])
def test_a_documentation_push_keeps_its_right(step: str) -> None:
    audited = default_token(step)
    assert "contents: write" in granted(audited)
    assert audited.fix is FixKind.REVIEW


def test_an_artifact_of_another_run_needs_actions() -> None:
    step = "uses: actions/download-artifact@v4\n        with: {run-id: 7, name: dist}"
    assert "actions: read" in granted(default_token(step))
    assert "actions" not in granted(default_token("uses: actions/download-artifact@v4"))


@pytest.mark.parametrize(
    "action", ["actions/attest-build-provenance@v2", "google-github-actions/auth@v2"]
)
def test_no_identity_is_granted_that_the_default_never_has(action: str) -> None:
    audited = default_token(f"uses: {action}")
    assert "id-token" not in granted(audited)
    assert "attestations" not in granted(audited)


def test_a_token_in_an_input_of_what_runs_code_is_not_known() -> None:
    step = "uses: docker/build-push-action@v6\n        with: {secrets: 'T=${{ github.token }}'}"
    audited = default_token(step)
    assert audited.finding.edits == ()
    assert "docker/build-push-action" in audited.finding.advice


# F3


SCOPED = """\
on: {release: {types: [published]}}
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: read
%s      packages: write%s
    steps:
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
%s      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def test_a_scope_that_nothing_uses_goes_and_only_it() -> None:
    (audited,) = found("broad-job-permissions", SCOPED % ("", "", ""))
    (edit,) = audited.finding.edits
    assert (edit.old.strip(), audited.fix) == ("packages: write", FixKind.REVIEW)


@pytest.mark.parametrize(
    "workflow",
    [
        SCOPED % ("", "  # for the mirror to push", ""),
        SCOPED % ("      # the mirror pushes\n", "", ""),
        SCOPED % ("", "", "      - run: ./tools/mirror.sh\n"),
        SCOPED % ("", "", "      - uses: kestrel-ci/mirror@v1\n"),
    ],
)
def test_a_comment_or_a_step_that_is_not_known_keeps_the_scope(workflow: str) -> None:
    for audited in found("broad-job-permissions", workflow):
        assert audited.finding.edits == ()
        assert audited.severity.label in {"low", "info", "medium"}
        assert audited.finding.advice


# F5, F6


def test_an_edit_is_refused_on_any_other_text() -> None:
    example = Example(name="x", workflow=publishing("run: python -m build"))
    repository = repository_of(example)
    file = repository.file(PATH)
    assert file is not None
    (audited,) = judge(check_of("persisted-checkout-credentials"), repository, INDEX).findings
    after = new_text(file, audited.finding.edits)
    moved = type(file).of(PATH, after.encode())
    with pytest.raises(MovedTextError):
        new_text(moved, audited.finding.edits)


def test_the_same_change_of_two_findings_is_one_set() -> None:
    workflow = publishing("run: python -m build")
    both = found(
        "updates-not-automated",
        workflow,
        files={".github/workflows/second.yml": workflow},
    )
    assert len(both) == 2
    (merged,) = edit_sets(both)
    assert len(merged.findings) == 2


# F7


@pytest.mark.parametrize(
    "head",
    [
        "    defaults: {run: {working-directory: lib}}\n",
        "    concurrency: release\n",
        "    strategy: {matrix: {x: [1]}}\n",
    ],
)
def test_a_job_with_more_to_copy_is_not_split(head: str) -> None:
    workflow = publishing("run: python -m build", head=head)
    (audited,) = found("build-and-publish-in-one-job", workflow)
    assert audited.finding.edits == ()


def test_a_job_with_steps_after_the_upload_is_not_split() -> None:
    workflow = publishing("run: python -m build") + "      - run: gh release upload v1 dist/*\n"
    (audited,) = found("build-and-publish-in-one-job", workflow)
    assert audited.finding.edits == ()


def test_a_split_takes_a_name_that_no_other_artifact_has() -> None:
    own = "uses: actions/upload-artifact@v4\n        with: {name: dist, path: out}"
    steps = ("run: python -m build", own)
    (split,) = found("build-and-publish-in-one-job", publishing(*steps))
    texts = "".join(edit.new for edit in split.finding.edits)
    assert re.findall(r"          name: (\S+)", texts) == ["dist-to-publish"] * 2


def test_a_split_copies_the_time_limit_and_leaves_the_upload_its_comment() -> None:
    workflow = publishing("run: python -m build", head="    timeout-minutes: 9\n").replace(
        UPLOAD, f"      # the one way out\n{UPLOAD}"
    )
    repository = repository_of(Example(name="x", workflow=workflow))
    (audited,) = judge(check_of("build-and-publish-in-one-job"), repository, INDEX).findings
    file = repository.file(PATH)
    assert file is not None
    build, _, publish = new_text(file, audited.finding.edits).partition("  publish:\n")
    assert "timeout-minutes: 9" in build
    assert "the one way out" not in build
    assert "the one way out" in publish


# F8


def test_a_cache_whose_hit_is_read_stays() -> None:
    cache = "uses: actions/cache@v4\n        id: deps\n        with: {path: x, key: y}"
    skipped = "run: make deps\n        if: steps.deps.outputs.cache-hit != 'true'"
    read = publishing(cache, skipped, "run: python -m build")
    (audited,) = found("cached-release-build", read)
    assert audited.finding.edits == ()
    assert "cache-hit" in audited.finding.advice
    (free,) = found("cached-release-build", publishing(cache, "run: python -m build"))
    assert free.finding.edits


def test_what_a_cache_goes_by_goes_with_it() -> None:
    step = (
        "uses: actions/setup-python@v5\n        with:\n          python-version: '3.13'\n"
        "          cache: pip\n          cache-dependency-path: pyproject.toml"
    )
    (audited,) = found("cached-release-build", publishing(step, "run: python -m build"))
    gone = " ".join(edit.old for edit in audited.finding.edits)
    assert "cache: pip" in gone
    assert "cache-dependency-path" in gone


# F10


MATRIX = """\
on: {release: {types: [published]}}
jobs:
  build:
    strategy:
      matrix:
        os: [macos-13, ubuntu-24.04]
%s    runs-on: ${{ matrix.os }}
    steps:
      - run: python -m build%s
      - run: twine upload dist/*
"""


def test_a_label_is_changed_wherever_its_axis_names_it() -> None:
    excluded = "        exclude:\n          - os: macos-13\n"
    (audited,) = found("retired-runner-image", MATRIX % (excluded, ""))
    assert len(audited.finding.edits) == 2
    condition = "\n        if: matrix.os != 'macos-13'"
    (named,) = found("retired-runner-image", MATRIX % ("", condition))
    assert named.finding.edits == ()


# F11


@pytest.mark.parametrize("action", ["actions/checkout", "kestrel-ci/deploy"])
def test_a_pin_leaves_the_name_of_a_fault(action: str) -> None:
    tag = publishing(checkout=f"{action}@v4")
    pin = publishing(checkout=f"{action}@{'0123456789' * 4} # v4.3.0")
    names = [
        {audited.fingerprint for audited in found("publish-job-runs-project-code", each)}
        for each in (tag, pin)
    ]
    assert names[0] == names[1]


# F12


@pytest.mark.parametrize(
    ("comment", "after"),
    [
        ("# kestrel-ci/paint@v1.2.0", "# v1.3.0"),
        ("# v1.2.0", "# v1.3.0"),
        ("# keep in step with docs", "# v1.3.0 # keep in step with docs"),
    ],
)
def test_comments_are_written_as_update_bots_keep_them(comment: str, after: str) -> None:
    commit = "abcdef0123" * 4
    known = ResolvedRef(
        slug="kestrel-ci/paint", ref="v1", commit=commit, is_tag=True, tags=("v1", "v1.3.0")
    )
    workflow = publishing(f"uses: kestrel-ci/paint@v1 {comment}")
    unpinned = found("unpinned-action", workflow, references=(known,))
    (audited,) = [each for each in unpinned if each.finding.edits]
    text = new_text(
        repository_of(Example(name="x", workflow=workflow)).file(PATH), audited.finding.edits
    )
    assert re.search(rf"kestrel-ci/paint@{commit} {re.escape(after)}$", text, re.MULTILINE)


def test_new_inputs_come_last() -> None:
    workflow = publishing("run: python -m build").replace(
        CHECKOUT, f"{CHECKOUT}\n        with:\n          fetch-depth: 0"
    )
    file = repository_of(Example(name="x", workflow=workflow)).file(PATH)
    (audited,) = found("persisted-checkout-credentials", workflow)
    assert "fetch-depth: 0\n          persist-credentials: false\n" in new_text(
        file, audited.finding.edits
    )


# Pins


def branch(**known: object) -> AuditedFinding:
    reference = ResolvedRef(
        slug="pypa/gh-action-pypi-publish",
        ref="release/v1",
        is_branch=True,
        **known,  # type: ignore[arg-type]
    )
    workflow = publishing("run: python -m build", checkout=f"actions/checkout@{'0' * 40} # v4.2.2")
    (audited,) = found("unpinned-action", workflow, references=(reference,))
    return audited


def test_a_branch_is_pinned_where_its_tip_is_a_release() -> None:
    audited = branch(commit="a" * 40, tags=("v1.14.2",))
    assert (audited.fix, "v1.14.2" in granted(audited)) == (FixKind.SAFE, True)


def test_a_branch_beside_its_newest_release_is_to_be_looked_at() -> None:
    audited = branch(
        commit="a" * 40, tags=(), newest_release="v1.14.2", newest_release_commit="b" * 40
    )
    assert audited.fix is FixKind.REVIEW
    assert "b" * 40 in granted(audited)
    assert "v1.14.2" in audited.finding.advice


def test_a_branch_of_no_series_is_left() -> None:
    audited = branch(
        commit="a" * 40, tags=(), newest_release="v2.0.0", newest_release_commit="b" * 40
    )
    assert audited.finding.edits == ()


# F4 and aliases: whole plans


def planned(workflow: str, *, review: bool) -> tuple[EditPlan, str]:
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen"),
        files=(SourceFile.of(PATH, workflow.encode()),),
    )
    rules = Plan(rules=Rules(index=INDEX))
    (audit,) = audit_batch((snapshot,), rules)
    plan = plan_edits(audit, rules, FixChoice(review=review))
    return plan, next((file.text for file in plan.files if file.path == PATH), workflow)


def test_two_scopes_that_go_leave_no_empty_block() -> None:
    workflow = SCOPED % ("", "\n      pages: write", "")
    plan, text = planned(workflow.replace("      contents: read\n", ""), review=True)
    fixed = [found.check for made in plan.made for found in made.findings]
    assert fixed.count("broad-job-permissions") == 2
    assert "packages" not in text
    assert "pages" not in text
    assert not re.search(r"permissions:\n    \w", text)
    assert plan.rounds >= 2


def test_a_step_that_an_alias_uses_again_is_to_be_looked_at() -> None:
    workflow = publishing("run: python -m build").replace(
        "uses: actions", "&co\n        uses: actions"
    )
    docs = "  docs:\n    runs-on: x\n    permissions: {contents: write}\n    steps:\n"
    plan, text = planned(f"{workflow}{docs}      - *co\n      - run: git push\n", review=False)
    assert "persist-credentials" not in text
    why = {each.why for each in plan.left if each.finding.check.startswith("persisted")}
    assert any("alias" in each for each in why)
