"""Uploaders of an organization's own, as its configuration names them."""

from __future__ import annotations

import pytest

from audits.model.publication import Publication
from audits.model.registry import Registry
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository
from audits.workflow.uploaders.configured import read_configuration
from tests.workflow.publish.uploads import INDEX, RELEASE, job_of, run_of

ACTION = (
    '[[uploader]]\naction = "Acme/promote"\nregistry = "container"\ncredential = "ship_password"\n'
)
COMMAND = '[[uploader]]\ncommand = "acme-ship  push"\nregistry = "npm"\ncredential = ["ACME_KEY", "--key"]\n'
SECRET = "${{ secrets.SHIP }}"


def _found(config: str, workflow: str) -> tuple[Publication, ...]:
    loaded = read_configuration(config)
    assert loaded.problems == ()
    file = SourceFile.of(RELEASE, workflow.encode())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard", name="lumen"), files=(file,))
    repository = read_repository(snapshot, channel=INDEX.channel_of, uploaders=loaded.uploaders)
    return repository.publications


@pytest.mark.parametrize(
    ("config", "workflow", "words"),
    [
        (
            ACTION,
            job_of(f"- uses: acme/Promote@v1\n  with: {{ship_password: '{SECRET}'}}"),
            "container/token",
        ),
        (ACTION, job_of("- uses: acme/promote@v1"), "container/none"),
        (COMMAND, run_of("acme-ship push ./pkg"), "npm/oidc"),
        (COMMAND, run_of("npx acme-ship push", env=f"ACME_KEY: '{SECRET}'"), "npm/token"),
        (COMMAND, run_of("acme-ship push --key $K", env=f"K: '{SECRET}'"), "npm/token"),
        (COMMAND, run_of("acme-ship push", env=f"NPM_TOKEN: '{SECRET}'"), "npm/token"),
        (f"{COMMAND}oidc = false\n", run_of("acme-ship push"), "npm/none"),
        (
            '[[uploader]]\naction = "acme/flows/.github/workflows/ship.yml"\nregistry = "pypi"\n',
            "on: push\njobs:\n  x:\n    permissions: {id-token: write}\n"
            "    uses: acme/flows/.github/workflows/ship.yml@v1\n",
            "pypi/oidc",
        ),
        # What the tables know already is what the organization says it is.
        (
            '[[uploader]]\naction = "softprops/action-gh-release"\nregistry = "downloads"\n',
            job_of("- uses: softprops/action-gh-release@v2"),
            "downloads/none",
        ),
    ],
)
def test_an_uploader_that_is_taught_is_found(config: str, workflow: str, words: str) -> None:
    assert [f"{p.registry}/{p.auth}" for p in _found(config, workflow)] == [words]


@pytest.mark.parametrize(
    "workflow",
    [
        job_of("- uses: acme/promote-docs@v1"),
        job_of("- uses: acme/promote@v1\n  with: {dry-run: true}"),
        run_of("acme-ship pull"),
        run_of("acme-ship push --dry-run"),
        run_of("echo acme-ship push"),
    ],
)
def test_what_looks_like_it_is_not(workflow: str) -> None:
    assert _found(ACTION + COMMAND, workflow) == ()


def test_without_configuration_nothing_is_known_of_it() -> None:
    assert _found("", run_of("acme-ship push")) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[uploader", "line 1: this is not TOML"),
        (
            "[uploader]\naction = 'a/b'\n",
            "line 1: an uploader is one of several; write [[uploader]]",
        ),
        ("uploader = ['x']\n", "line 1: an uploader is a table; write [[uploader]]"),
        ("[[uploaders]]\nx = 1\n", "line 1: 'uploaders' is not known; write [[uploader]]"),
        ("[[uploader]]\nregistry = 'npm'\n", "line 1: an uploader has an 'action' or a 'command'"),
        (f"{ACTION}command = 'x'\n", "line 1: an uploader has an 'action' or a 'command'"),
        (
            ACTION.replace("Acme/promote", "Acme/promote@v1"),
            "line 2: 'Acme/promote@v1' is no action",
        ),
        (
            ACTION.replace("Acme/promote", "promote"),
            "line 2: 'promote' is no action; write owner/name",
        ),
        (COMMAND.replace("acme-ship  push", " "), "line 2: ' ' is no command"),
        (
            ACTION.replace('"container"', '"containers"'),
            "line 3: there is no registry 'containers'; did you mean 'container'?",
        ),
        (ACTION.replace('"container"', "7"), "line 3: there is no registry 7; write one of pypi"),
        ("[[uploader]]\naction = 'a/b'\n", "line 1: the uploader has no 'registry'; write one of"),
        (ACTION.replace('"ship_password"', "true"), "line 4: True names nothing"),
        (ACTION.replace('"ship_password"', "[]"), "line 4: [] names nothing"),
        (
            ACTION.replace("credential", "credentials"),
            "line 4: the key 'credentials' is not known; did you mean 'credential'?",
        ),
        (f"{ACTION}oidc = 'yes'\n", "line 5: 'oidc' is 'yes'; write true or false"),
        (f"{ACTION}\n{COMMAND}colour = 1\n", "line 10: the key 'colour' is not known"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_advice(text: str, problem: str) -> None:
    loaded = read_configuration(text)
    assert any(found.startswith(problem) for found in loaded.problems), loaded.problems


def test_all_mistakes_are_reported_in_their_order() -> None:
    text = f"{ACTION.replace('container', 'x')}\n{COMMAND.replace('npm', 'y')}\n[z]\n"
    lines = [problem.partition(":")[0] for problem in read_configuration(text).problems]
    assert lines == ["line 3", "line 8", "line 11"]


@pytest.mark.parametrize("registry", Registry, ids=str)
def test_every_registry_can_be_named(registry: Registry) -> None:
    text = f'[[uploader]]\naction = "acme/ship"\nregistry = "{registry.value}"\n'
    found = _found(text, job_of("- uses: acme/ship@v1"))
    assert [p.registry for p in found] == [registry]
