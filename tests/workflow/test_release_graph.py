"""How a repository releases: through calls, actions, artifacts and outputs."""

from __future__ import annotations

import time

import pytest

from audits.model.repository import Breadth, Repository
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.model.workflow import Job, Role
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX

PUBLISH = "- uses: pypa/gh-action-pypi-publish@release/v1"
ACTION = "name: A\ndescription: A.\nruns:\n  using: composite\n  steps:\n"


def path(name: str) -> str:
    return f".github/workflows/{name}.yml"


def job(name: str, *steps: str, head: str = "") -> str:
    lines = [f"  {name}:", "    runs-on: ubuntu-latest"]
    lines += [f"    {line}" for line in head.splitlines()]
    lines += ["    steps:", *(f"      {line}" for step in steps for line in step.splitlines())]
    return "\n".join(lines) + "\n"


def call(name: str, target: str, head: str = "") -> str:
    lines = [f"  {name}:", f"    uses: {target}", *(f"    {line}" for line in head.splitlines())]
    return "\n".join(lines) + "\n"


def flow(*jobs: str, on: str = "{release: {types: [published]}}") -> str:
    return f"on: {on}\njobs:\n" + "".join(jobs)


def read(files: dict[str, str], breadth: Breadth = Breadth.RELEASE) -> Repository:
    named = {n if "/" in n else path(n): text for n, text in files.items()}
    sources = tuple(SourceFile.of(name, text.encode()) for name, text in named.items())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=sources)
    return read_repository(snapshot, channel=INDEX.channel_of, breadth=breadth)


def roles(repository: Repository) -> dict[str, Role]:
    return {job.id: role for job, role in repository.graph.roles.items()}


def ids(jobs: frozenset[Job]) -> set[str]:
    return {job.id for job in jobs}


@pytest.mark.parametrize("form", ["./", "$/"])
def test_a_chain_of_calls_leads_from_the_trigger_to_the_publication(form: str) -> None:
    repository = read(
        {
            "entry": flow(call("start", f"{form}.github/workflows/middle.yml")),
            "middle": flow(
                call("pass-on", f"{form}.github/workflows/publish.yml"), on="workflow_call"
            ),
            "publish": flow(job("publish", PUBLISH), on="workflow_call"),
            "test": flow(job("test", "- run: make"), on="push"),
        }
    )
    (publication,) = repository.publications
    (route,) = publication.routes
    assert publication.workflow.path == path("publish")
    assert route.entry.path == path("entry")
    assert [each.id for each in route.calls] == ["start", "pass-on"]
    assert [trigger.event for trigger in route.triggers] == ["release"]
    assert repository.graph.release_paths == {path("entry"), path("middle"), path("publish")}
    assert set(roles(repository)) == {"start", "pass-on", "publish"}
    assert set(roles(repository).values()) == {Role.PUBLISHING}


def test_each_caller_is_a_route() -> None:
    repository = read(
        {
            "one": flow(call("a", "./.github/workflows/publish.yml")),
            "two": flow(call("b", "./.github/workflows/publish.yml"), on="push"),
            "publish": flow(job("publish", PUBLISH), on="[workflow_call, workflow_dispatch]"),
        }
    )
    (publication,) = repository.publications
    entries = {route.entry.path for route in publication.routes}
    assert entries == {path("one"), path("two"), path("publish")}


def test_a_reusable_publisher_of_elsewhere_is_a_publication_of_the_calling_job() -> None:
    target = "OpenAstronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml@v1"
    repository = read({"release": flow(call("publish", target, "secrets: inherit"))})
    (publication,) = repository.publications
    assert (publication.job.id, publication.step) == ("publish", -1)
    assert publication.called is not None
    assert roles(repository) == {"publish": Role.PUBLISHING}


def test_actions_inside_actions_are_on_the_way() -> None:
    repository = read(
        {
            "release": flow(job("publish", "- uses: ./.github/actions/outer")),
            ".github/actions/outer/action.yml": ACTION + "    - uses: ./.github/actions/inner\n",
            ".github/actions/inner/action.yml": ACTION + f"    {PUBLISH}\n",
            ".github/actions/other/action.yml": ACTION + "    - run: make\n      shell: bash\n",
        }
    )
    (publication,) = repository.publications
    inner = ".github/actions/inner/action.yml"
    assert (publication.job.id, publication.at.path) == ("publish", inner)
    outer = ".github/actions/outer/action.yml"
    assert repository.graph.release_paths == {path("release"), outer, inner}
    assert [each.id for each in repository.graph.action_users[inner]] == ["publish"]


def test_what_ancestors_call_is_on_the_way_however_deep() -> None:
    repository = read(
        {
            "release": flow(
                call("check", "./.github/workflows/check.yml"),
                job("idle", "- run: make", head="needs: check"),
                job("publish", PUBLISH, head="needs: idle"),
                call("beside", "./.github/workflows/beside.yml"),
            ),
            "check": flow(call("deeper", "./.github/workflows/deeper.yml"), on="workflow_call"),
            "deeper": flow(job("last", "- uses: ./.github/actions/set-up"), on="workflow_call"),
            "beside": flow(job("docs", "- run: make"), on="workflow_call"),
            ".github/actions/set-up/action.yml": ACTION + "    - run: make\n      shell: bash\n",
        }
    )
    action = ".github/actions/set-up/action.yml"
    assert repository.graph.release_paths == {
        path("release"),
        path("check"),
        path("deeper"),
        action,
    }
    assert roles(repository) == {"publish": Role.PUBLISHING}


UPLOAD = "- uses: actions/upload-artifact@v4\n  with: {name: %s, path: dist}"
DOWNLOAD = "- uses: actions/download-artifact@v4\n  with: {%s}"


@pytest.mark.parametrize(
    ("wanted", "producing"),
    [
        ("name: wheels-linux", {"linux"}),
        ("pattern: 'wheels-*'", {"linux", "macos"}),
        ("pattern: 'wheels-*', merge-multiple: true, path: dist", {"linux", "macos"}),
        ("path: dist", {"linux", "macos", "docs"}),
        ("name: 'wheels-${{ matrix.system }}'", {"linux", "macos"}),
        ("name: wheels-linux, run-id: '${{ github.event.workflow_run.id }}'", set()),
    ],
)
def test_artifacts_tell_who_produces(wanted: str, producing: set[str]) -> None:
    repository = read(
        {
            "release": flow(
                job("linux", UPLOAD % "wheels-linux"),
                job("macos", UPLOAD % "wheels-macos"),
                job("docs", UPLOAD % "docs"),
                job("lint", "- run: make lint"),
                job(
                    "publish", DOWNLOAD % wanted, PUBLISH, head="needs: [linux, macos, docs, lint]"
                ),
            )
        }
    )
    found = {name for name, role in roles(repository).items() if role is Role.PRODUCING}
    assert found == producing


def test_an_artifact_is_followed_through_the_job_that_passes_it_on() -> None:
    repository = read(
        {
            "release": flow(
                job("build", UPLOAD % "raw"),
                job("sign", DOWNLOAD % "name: raw", UPLOAD % "signed", head="needs: build"),
                job("publish", DOWNLOAD % "name: signed", PUBLISH, head="needs: sign"),
            )
        }
    )
    assert roles(repository) == {
        "build": Role.PRODUCING,
        "sign": Role.PRODUCING,
        "publish": Role.PUBLISHING,
    }


def test_an_output_makes_a_producer_and_a_need_alone_does_not() -> None:
    version = "outputs: {version: '${{ steps.v.outputs.v }}'}"
    repository = read(
        {
            "release": flow(
                job("version", "- run: make", head=version),
                job("test", "- run: make", head=version),
                job(
                    "publish",
                    "- run: echo ${{ needs.version.outputs.version }}",
                    PUBLISH,
                    head="needs: [version, test]",
                ),
            )
        }
    )
    assert roles(repository) == {"version": Role.PRODUCING, "publish": Role.PUBLISHING}


def test_jobs_and_steps_that_never_run_publish_and_produce_nothing() -> None:
    repository = read(
        {
            "release": flow(
                job("off", PUBLISH, head="if: false"),
                job("step", f"{PUBLISH}\n  if: ${{{{ false }}}}"),
                job("ghost", UPLOAD % "dist", head="if: ${{ false }}"),
                job("publish", DOWNLOAD % "name: dist", PUBLISH),
            )
        }
    )
    assert [publication.job.id for publication in repository.publications] == ["publish"]
    assert roles(repository) == {"publish": Role.PUBLISHING}


def test_release_jobs_are_those_on_the_way_and_those_with_an_identity_or_a_credential() -> None:
    secret = "- run: make\n  env: {T: '${{ secrets.PYPI_TOKEN }}'}"
    repository = read(
        {
            "release": flow(
                job("sign", "- run: make", head="permissions: {id-token: write}"),
                job("check", secret),
                job("test", "- run: make"),
                job("publish", PUBLISH),
            ),
            "docs": flow(job("docs", "- run: make", head="permissions: {id-token: write}")),
        }
    )
    assert ids(repository.graph.release_jobs) == {"sign", "check", "publish"}


def test_a_fault_concerns_the_publications_that_it_is_on_the_way_to() -> None:
    repository = read(
        {
            "release": flow(
                job("build", UPLOAD % "dist"),
                job("one", DOWNLOAD % "name: dist", PUBLISH),
                job("two", PUBLISH),
                job("lint", "- run: make"),
            ),
            "image": flow(job("image", "- run: docker push orchard/lumen")),
        }
    )
    graph = repository.graph
    concerned = {
        each.id: {publication.job.id for publication in found}
        for each, found in graph.publications_by_job.items()
    }
    everyone = {"one", "two"}
    assert concerned == {
        "build": {"one"},
        "one": {"one"},
        "two": {"two"},
        "lint": everyone,
        "image": {"image"},
    }
    by_path = {
        name: {p.job.id for p in found} for name, found in graph.publications_by_path.items()
    }
    assert by_path == {path("release"): everyone, path("image"): {"image"}}


def test_jobs_of_all_files_have_routes() -> None:
    files = {"release": flow(job("publish", PUBLISH)), "test": flow(job("test", "- run: make"))}
    narrow, wide = read(files), read(files, Breadth.ALL)
    assert {each.id for each in narrow.graph.routes} == {"publish", "test"}
    assert {each.id for each in wide.graph.routes} == {"publish", "test"}
    assert narrow.graph.release_paths == wide.graph.release_paths == {path("release")}


def test_workflows_that_call_each_other_come_to_an_end() -> None:
    repository = read(
        {
            "one": flow(call("a", "./.github/workflows/two.yml"), on="workflow_call"),
            "two": flow(
                call("b", "./.github/workflows/one.yml"),
                job("publish", PUBLISH),
                on="workflow_call",
            ),
        }
    )
    (publication,) = repository.publications
    assert [route.entry.path for route in publication.routes] == [path("two")]
    assert repository.graph.release_paths == {path("two")}


def test_jobs_that_all_need_each_other_and_workflows_that_all_call_each_other_stay_quick() -> None:
    jobs = [
        job(
            f"j{n}",
            "- run: twine upload ${{ needs.j0.outputs.a }}",
            head=f"needs: [{', '.join(f'j{m}' for m in range(n))}]\noutputs: {{a: b}}",
        )
        for n in range(100)
    ]
    calls = {
        f"w{n}": flow(
            *(call(f"c{m}", f"./.github/workflows/w{m}.yml") for m in range(9)),
            job("publish", PUBLISH),
            on="workflow_call",
        )
        for n in range(9)
    }
    started = time.process_time()
    assert len(read({"release": flow(*jobs)}).publications) == 100
    assert len(read(calls).publications) == 9
    assert time.process_time() - started < 3
