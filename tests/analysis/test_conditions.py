"""What runs reach a job, and who can write into its scripts, on small workflows."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.events import RefKind, starts_of
from audits.analysis.job_dependencies import needs_of
from audits.analysis.reachability import Reachability
from audits.analysis.taint import Tracer
from audits.analysis.untrusted_inputs import Setter
from audits.check import Example
from audits.model.repository import Breadth, Repository, StepSite
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX, repository_of

UPLOAD = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33"


def repository(workflow: str, **files: str) -> Repository:
    others = {f".github/workflows/{name}.yml": text for name, text in files.items()}
    return repository_of(Example(name="", workflow=workflow, files=others))


def reached(repo: Repository) -> Iterator[tuple[str, Reachability]]:
    for publication in repo.publications:
        for route in publication.routes:
            for trigger in route.triggers:
                for start in starts_of(repo, trigger):
                    yield start.what, reach(repo, route, start, publishing_steps(publication))


def outcomes(on: str, job_if: str = "github.run_id", above_if: str = "true") -> dict[str, object]:
    text = f"""\
on: {on}
jobs:
  above:
    if: {above_if}
    runs-on: ubuntu-latest
    outputs:
      tag: ${{{{ github.ref_type == 'tag' }}}}
      told: ${{{{ steps.x.outputs.y }}}}
    steps: [{{id: x, run: ./x}}]
  publish:
    needs: [above]
    if: {job_if}
    runs-on: ubuntu-latest
    steps:
      - uses: {UPLOAD}
"""
    return {what: way.runs for what, way in reached(repository(text))}


BRANCH, TAG, PULL = "a push to a branch", "a push of a tag", "a pull request"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("push", {BRANCH, TAG}),
        ("{push: {branches: [main]}}", {BRANCH}),
        ("{push: {tags: ['v*']}}", {TAG}),
        ("{push: {tags: ['v*'], branches: [main]}}", {BRANCH, TAG}),
        ("{push: {tags: ['v*'], branches-ignore: ['**']}}", {TAG}),
        ("{push: {paths: ['src/**']}}", {BRANCH, TAG}),
        ("[pull_request, schedule]", {PULL, "the schedule"}),
        ("{release: {types: [published]}}", {"a release"}),
        ("workflow_call", set()),
    ],
)
def test_events_start_these_kinds_of_runs(on: str, expected: set[str]) -> None:
    assert set(outcomes(on)) == expected


@pytest.mark.parametrize(
    ("condition", "branch", "tag"),
    [
        ("startsWith(github.ref, 'refs/tags/')", False, True),
        ("github.ref_type == 'tag'", False, True),
        ("github.ref == 'refs/heads/main'", False, False),
        ("github.event_name == 'push'", True, True),
        ("github.repository == 'orchard-labs/lumen'", True, True),
        ("github.repository_owner != 'orchard-labs'", False, False),
        ("needs.above.outputs.tag == 'true'", False, True),
        ("needs.above.outputs.told == 'true'", None, None),
        ("needs.above.result == 'success'", True, True),
        ("github.event.release.tag_name != ''", False, False),
        ("contains(github.event.head_commit.message, 'x')", True, True),
    ],
)
def test_conditions_of_a_job(condition: str, branch: bool | None, tag: bool | None) -> None:
    assert outcomes("push", job_if=condition) == {BRANCH: branch, TAG: tag}


def test_a_guard_of_a_job_before_holds_unless_the_job_runs_anyway() -> None:
    tags_only = "github.ref_type == 'tag'"
    assert outcomes("push", above_if=tags_only) == {BRANCH: False, TAG: True}
    assert outcomes("push", "always()", tags_only) == {BRANCH: True, TAG: True}
    assert outcomes("push", "success()", tags_only) == {BRANCH: False, TAG: True}
    assert outcomes("push", "${{ !cancelled() && success() }}", tags_only)[BRANCH] is False


def test_an_unmerged_or_unlabelled_pull_request_is_what_counts() -> None:
    merged = "github.event.pull_request.merged"
    assert outcomes("{pull_request: {types: [closed]}}", merged) == {PULL: False}
    label = "contains(github.event.pull_request.labels.*.name, 'release')"
    assert outcomes("pull_request", label) == {PULL: False}


def test_a_called_workflow_sees_the_event_and_its_inputs() -> None:
    callee = f"""\
on: {{workflow_call: {{inputs: {{go: {{type: boolean}}, other: {{type: boolean}}}}}}}}
jobs:
  publish:
    if: inputs.go && !inputs.other
    runs-on: ubuntu-latest
    steps: [{{uses: {UPLOAD}}}]
"""
    caller = """\
on: [push, release]
jobs:
  call:
    uses: ./.github/workflows/callee.yml
    with: {go: "${{ github.event_name == 'release' }}"}
"""
    found = {what: way.runs for what, way in reached(repository(caller, callee=callee))}
    assert found == {BRANCH: False, TAG: False, "a release": True}


def test_variables_of_a_step_are_followed() -> None:
    text = f"""\
on: push
env: {{LIVE: "${{{{ github.ref_type == 'tag' }}}}"}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: {UPLOAD}
        if: env.LIVE == 'true'
"""
    assert {what: way.runs for what, way in reached(repository(text))} == {BRANCH: False, TAG: True}


def test_a_beginning_of_tags_is_known() -> None:
    repo = repository("on: {push: {tags: ['v?*']}}\njobs: {}")
    (start,) = starts_of(repo, repo.workflows[0].triggers[0])
    assert start.ref is RefKind.TAG
    assert "v" not in str(start.facts["github.ref"]).split("/")[-1]


@given(st.lists(st.lists(st.integers(0, 8), max_size=3), min_size=1, max_size=9))
def test_ancestors_come_after_their_own_and_circles_end(needs: list[list[int]]) -> None:
    jobs = "".join(
        f"  j{n}: {{needs: {[f'j{m}' for m in above]}, runs-on: x, steps: []}}\n"
        for n, above in enumerate(needs)
    )
    workflow = repository(f"on: push\njobs:\n{jobs}").workflows[0]
    for job in workflow.jobs:
        found = needs_of(workflow).above(job)
        assert job not in found
        assert len(set(found)) == len(found)
        direct = {other for name in job.needs if (other := workflow.job(name)) is not None}
        assert direct - {job} <= set(found)


def setters(on: str, text: str, more: str = "") -> dict[str, Setter]:
    workflow = f"""\
on: {on}
env: {{TITLE: "${{{{ github.event.pull_request.title }}}}"}}
jobs:
  publish:
    runs-on: ubuntu-latest
    {more}
    steps:
      - run: "{text}"
      - uses: {UPLOAD}
"""
    repo = repository(workflow)
    job = repo.workflows[0].jobs[0]
    site = StepSite(step=job.steps[0], path=job.path, job=job, workflow=repo.workflows[0])
    found = Tracer(repo, site).taints(text)
    return {taint.context.name: taint.setter for _, taint in found}


@pytest.mark.parametrize(
    ("on", "name", "setter"),
    [
        ("pull_request_target", "github.event.pull_request.title", Setter.OUTSIDER),
        ("pull_request_target", "github.head_ref", Setter.OUTSIDER),
        ("pull_request_target", "github.event.pull_request.number", None),
        ("pull_request_target", "github.event", Setter.OUTSIDER),
        ("pull_request_target", "env.TITLE", Setter.OUTSIDER),
        ("pull_request_target", "github.ref_name", None),
        ("issue_comment", "github.event.comment.body", Setter.OUTSIDER),
        ("workflow_run", "github.event.workflow_run.head_branch", Setter.OUTSIDER),
        ("workflow_run", "github.event.workflow_run.head_sha", None),
        ("push", "github.head_ref", None),
        ("push", "github.ref_name", Setter.WRITER),
        ("{push: {branches: [main, '[0-9]+.x']}}", "github.ref_name", None),
        ("{push: {tags: ['v[0-9]+.[0-9]+']}}", "github.ref", None),
        ("{push: {tags: ['v*']}}", "github.ref_name", Setter.WRITER),
        ("{push: {branches-ignore: [main]}}", "github.ref_name", Setter.WRITER),
        ("push", "github.event.commits[0].message", Setter.OUTSIDER),
        ("release", "github.event.release.body", Setter.WRITER),
        ("release", "github.repository", None),
        ("{workflow_dispatch: {inputs: {x: {type: string}}}}", "inputs.x", Setter.WRITER),
        ("{workflow_dispatch: {inputs: {x: {type: boolean}}}}", "inputs.x", None),
        ("{workflow_dispatch: {inputs: {x: {}}}}", "github.event.inputs.x", Setter.WRITER),
        ("push", "secrets.TOKEN", None),
        ("push", "steps.x.outputs.y", None),
    ],
)
def test_who_sets_a_context(on: str, name: str, setter: Setter | None) -> None:
    found = setters(on, f"${{{{ {name} }}}}")
    assert list(found.values()) == ([] if setter is None else [setter])


def test_only_events_that_reach_the_job_count() -> None:
    on, text = "[release, pull_request_target]", "${{ github.head_ref }}"
    assert setters(on, text)
    assert not setters(on, text, more="if: github.event_name == 'release'")


@pytest.mark.parametrize(
    ("on", "event"),
    [
        ("[workflow_call, workflow_dispatch]", "workflow_dispatch"),
        ("[workflow_dispatch, workflow_call]", "workflow_dispatch"),
        ("workflow_call", "workflow_call"),
    ],
)
def test_who_starts_a_run_is_named_before_who_calls_it(on: str, event: str) -> None:
    text = f"on: {on}\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"
    repo = repository(f"{text}      - run: 'echo ${{{{ inputs.tag }}}}'\n      - uses: {UPLOAD}\n")
    job = repo.workflows[0].jobs[0]
    site = StepSite(step=job.steps[0], path=job.path, job=job, workflow=repo.workflows[0])
    found = Tracer(repo, site).taints("${{ inputs.tag }}")
    assert [taint.event for _, taint in found] == [event]


def test_hostile_workflows_are_judged_quickly() -> None:
    variables = (
        ", ".join(f"a{n}: '{'${{ env.a' + str(n + 1) + ' }}' * 20}'" for n in range(20))
        + ", b: '"
        + "${{ env.b }}" * 50
        + "'"
    )
    jobs = "".join(
        f"  j{n}:\n    needs: [j{max(n - 1, 0)}, j{n // 2}]\n    runs-on: x\n"
        f"    if: github.ref == 'x{n}' || needs.j{n - 1}.outputs.a\n"
        f"    env: {{{variables if n == 0 else ''}}}\n"
        "    steps: [{run: 'echo ${{ env.a0 }} ${{ env.b }} ${{ github.ref }}'}]\n"
        for n in range(150)
    )
    text = f"on: [push, pull_request_target, issue_comment]\njobs:\n{jobs}"
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen"),
        files=(SourceFile.of(".github/workflows/release.yml", text.encode()),),
    )
    repo = read_repository(snapshot, channel=INDEX.channel_of, breadth=Breadth.ALL)
    start = process_time()
    for site in repo.steps():
        assert site.step.run is not None
        list(Tracer(repo, site).taints(site.step.run.value))
    assert process_time() - start < 2
