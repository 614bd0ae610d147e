"""Publications inside composite actions, and scripts that are found by their credential."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.model.publication import Auth, CredentialSource
from audits.model.registry import Registry
from audits.workflow.uploaders.catalog import SCRIPT_TOKENS
from tests.workflow.publish.uploads import RELEASE, found_in, indented, job_of, the_one

PUBLISH = "pypa/gh-action-pypi-publish@release/v1"
FILES = {"pyproject.toml": '[project]\nname = "lumen"'}
ACTION = """
inputs:
  token: {default: ''}
  where: {default: pypi}
  skip: {default: 'false'}
runs:
  using: composite
  steps:
    - run: echo
      shell: bash
    - run: twine upload -r ${{ inputs.where }} dist/*
      if: inputs.skip != 'true'
      shell: bash
      env: {TWINE_PASSWORD: '${{ inputs.token }}'}
"""
SHIP = {"tools/ship/action.yml": ACTION}


@pytest.mark.parametrize("path", ["./tools/ship", "$/tools/ship", "./tools/ship/"])
def test_composite_actions_count_for_their_caller(path: str) -> None:
    steps = (
        f"- run: 'true'\n- uses: {path}\n  with: {{token: '${{{{ secrets.T }}}}', where: testpypi}}"
    )
    found = the_one(job_of(steps), SHIP)
    assert (found.step, found.at.path, found.at.line) == (1, "tools/ship/action.yml", 11)
    assert (found.auth, found.channel) == (Auth.TOKEN, "test")
    (credential,) = found.stored_credentials
    assert (credential.secret, credential.source) == ("T", CredentialSource.STEP_ENV)
    assert found.publisher_workflows == (RELEASE,)


def test_composite_actions_use_defaults_and_their_conditions() -> None:
    plain = the_one(job_of("- uses: ./tools/ship"), SHIP)
    assert (plain.auth, plain.channel) == (Auth.OIDC, "production")
    assert found_in(job_of("- uses: ./tools/ship\n  with: {skip: true}"), SHIP) == ()


def test_actions_that_use_themselves_end() -> None:
    again = "runs:\n  using: composite\n  steps:\n" + "    - uses: ./a\n" * 4
    last = again + "    - run: twine upload\n      shell: bash\n"
    assert len(found_in(job_of("- uses: ./a"), {"a/action.yml": last})) >= 1


@pytest.mark.parametrize(
    ("steps", "head", "step"),
    [
        ("- run: scripts/ship\n  env: {TWINE_PASSWORD: '${{ secrets.T }}'}", "", 0),
        ("- run: tox -e release\n  env: {TWINE_PASSWORD: '${{ secrets.T }}'}", "", 0),
        ("- run: nox -s x\n  env: {FLIT_PASSWORD: '${{ secrets.T }}'}", "", 0),
        ("- run: make x\n  env: {UV_PUBLISH_TOKEN: '${{ secrets.T }}'}", "", 0),
        (
            "- run: 'true'\n- run: make publish\n- run: echo",
            "env: {PYPI_TOKEN: '${{ secrets.T }}'}",
            1,
        ),
        ("- run: build\n- run: finish", "env: {TWINE_PASSWORD: '${{ secrets.T }}'}", 1),
        ("- uses: orchard-labs/ship@v1\n  env: {TWINE_PASSWORD: '${{ secrets.T }}'}", "", 0),
    ],
)
def test_scripts_are_found_by_their_credential(steps: str, head: str, step: int) -> None:
    found = the_one(job_of(steps, head=head), FILES)
    assert (found.registry, found.mechanism, found.step) == (Registry.PYPI, "script", step)
    assert (found.indirect, found.auth, found.packages) == (True, Auth.TOKEN, ("lumen",))


_CALL = """
on: {push: {tags: ["v*"]}}
jobs:
  call:
    uses: %s
    %s
"""
_SHARED = "other-labs/shared/.github/workflows/release.yml@v1"


@pytest.mark.parametrize(
    ("text", "mechanism"),
    [
        (
            job_of("- uses: other-labs/ship@v1\n  with: {key: '${{ secrets.PYPI_KEY }}'}"),
            "other-labs/ship",
        ),
        (_CALL % (_SHARED, "secrets: {token: '${{ secrets.LUMEN_PYPI }}'}"), "other-labs/shared"),
        (
            _CALL % (_SHARED, "secrets: {PYPI: '${{ secrets.TWINE_PASSWORD }}'}"),
            "other-labs/shared",
        ),
    ],
)
def test_what_is_handed_the_secret_of_the_index_uploads(text: str, mechanism: str) -> None:
    found = the_one(text, FILES)
    assert (found.registry, found.mechanism) == (Registry.PYPI, mechanism)
    assert (found.indirect, found.auth) == (True, Auth.TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        job_of("- uses: other-labs/ship@v1\n  with: {key: '${{ secrets.TEST_PYPI_KEY }}'}"),
        job_of("- uses: other-labs/ship@v1\n  with: {a: '${{ secrets.PYPI }}', dry-run: true}"),
        job_of("- uses: other-labs/ship@v1\n  with: {key: '${{ secrets.KEY }}'}"),
        job_of("- uses: ./ship\n  with: {key: '${{ secrets.PYPI }}'}"),
        job_of("- uses: actions/cache@v4\n  with: {key: '${{ secrets.PYPI }}'}"),
        _CALL % (_SHARED, "secrets: inherit"),
        _CALL % (_SHARED, "secrets: {token: '${{ secrets.TOKEN }}'}"),
        _CALL % ("./.github/workflows/x.yml", "secrets: {token: '${{ secrets.PYPI }}'}"),
        _CALL
        % (
            "OpenAstronomy/github-actions-workflows/.github/workflows/publish.yml@v3",
            "with: {upload_to_pypi: false}\n    secrets: {pypi_token: '${{ secrets.PYPI }}'}",
        ),
    ],
)
def test_what_is_not_handed_it_does_not(text: str) -> None:
    assert found_in(text) == ()


def test_every_variable_of_the_table_looks_like_a_credential() -> None:
    for registry, names in SCRIPT_TOKENS.items():
        for name in names:
            plain = name.replace("*", "X")
            steps = f"- run: ./scripts/release\n  env: {{{plain}: '${{{{ secrets.T }}}}'}}"
            assert the_one(job_of(steps)).registry is registry, name


def test_other_registries_need_a_word_of_release_too() -> None:
    env = "{env: {NODE_AUTH_TOKEN: '${{ secrets.T }}'}, run: %s}"
    assert the_one(job_of("- " + env % "./scripts/release")).registry == "npm"
    assert found_in(job_of("- " + env % "npm ci")) == ()
    deploy = "- {env: {DH_PASSWORD: '${{ secrets.T }}'}, run: ./scripts/deploy}"
    assert the_one(job_of(deploy)).registry == "container"


@pytest.mark.parametrize(
    "steps",
    [
        "- run: scripts/ship\n  env: {TWINE_USERNAME: __token__}",
        "- run: scripts/ship\n  env: {TWINE_PASSWORD: ''}",
        "- run: tox -e release",
        "- run: pip install build\n  env: {TWINE_PASSWORD: '${{ secrets.T }}'}",
        "- run: uv publish --dry-run\n  env: {UV_PUBLISH_TOKEN: '${{ secrets.T }}'}",
        "- uses: actions/setup-python@v5\n  env: {TWINE_PASSWORD: '${{ secrets.T }}'}",
    ],
)
def test_what_is_no_indirect_publication(steps: str) -> None:
    assert found_in(job_of(steps)) == ()


def test_a_known_uploader_explains_the_credential() -> None:
    steps = "- run: make release\n- run: twine upload dist/*\n"
    found = the_one(job_of(steps, head="env: {TWINE_PASSWORD: '${{ secrets.T }}'}"))
    assert (found.mechanism, found.indirect) == ("twine upload", False)


@pytest.mark.parametrize(("other", "count"), [("twine upload dist/*", 0), ("pytest", 2)])
def test_a_credential_of_the_workflow_is_meant_for_the_job_that_uploads(
    other: str, count: int
) -> None:
    text = f"""
on: push
env: {{TWINE_PASSWORD: '${{{{ secrets.T }}}}'}}
jobs:
  build: {{steps: [{{run: make release}}]}}
  check: {{steps: [{{run: make publish}}]}}
  other: {{steps: [{{run: '{other}'}}]}}
"""
    assert len([p for p in found_in(text) if p.indirect]) == count


def _many(unit: str, count: int, *, env: str = "", jobs: bool = False) -> str:
    head = f"on: push\nenv: {{{env}}}\njobs:\n"
    if jobs:
        return head + "".join(f"  j{i}: {{steps: [{unit}]}}\n" for i in range(count))
    return head + "  a:\n    steps:\n" + f"      - {unit}\n" * count


_WIDE = ", ".join(f"V{index}: x" for index in range(3000))
_CHAIN = ", ".join(f"A{i}: '{f'${{{{ env.A{i + 1} }}}}' * 6}'" for i in range(10))
_TOKEN = "TWINE_PASSWORD: '${{ secrets.T }}'"


@pytest.mark.parametrize(
    "text",
    [
        _many("{run: twine upload $V1}", 500, env=_WIDE),
        _many(f"{{run: make x, env: {{{_TOKEN}}}}}", 500, env=_WIDE),
        _many("{run: make publish}", 256, env=_TOKEN, jobs=True),
        _many("{id: a, run: 'docker login -p ${{ secrets.T }}; docker push a'}", 500),
        _many(f"{{uses: {PUBLISH}, with: {{password: '${{{{ env.A0 }}}}'}}}}", 300, env=_CHAIN),
        _many(
            "{run: 'twine upload -p $A -r $C ${{ env.C }}'}",
            3,
            env="A: $B, B: $A, C: '${{ env.C }}'",
        ),
        "on: push\njobs:\n  a:\n    steps:\n      - run: |\n"
        + "          twine upload $A\n" * 9000,
    ],
)
def test_generated_and_hostile_files_take_about_a_second(text: str) -> None:
    started = time.process_time()
    assert found_in(text)
    assert time.process_time() - started < 3


_WORDS = st.sampled_from(
    [
        *("twine upload", "uv publish", "$(", "-r", "${{ env.X }}", "${{ secrets.", "|", "'"),
        *("docker push", "--push", "npm publish", "-p", "$X", "%X%", "export X=", "cd sub", "é"),
    ]
)
_VALUES = st.lists(_WORDS | st.text("ab${}'\"./:*[]()|&!= ", max_size=6), max_size=6).map(" ".join)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=_VALUES,
    value=_VALUES,
    uses=st.sampled_from([PUBLISH, "docker/build-push-action@v6", "./tools/ship", "x/y@z", "./"]),
    key=st.sampled_from(["password", "push", "repository-url", "packages-dir", "tags", "token"]),
)
def test_any_workflow_gives_publications(script: str, value: str, uses: str, key: str) -> None:
    quoted = '"' + value.replace("\\", "").replace('"', "").replace("\n", " ") + '"'
    text = f"""
on: [push, workflow_call]
env: {{X: {quoted}}}
jobs:
  a:
    environment: {{name: pypi, url: {quoted}}}
    strategy: {{matrix: {{x: [{quoted}]}}}}
    steps:
      - id: s
        run: |
{indented(script.replace(chr(9), " ") or "x", 10)}
        working-directory: {quoted}
        env: {{TWINE_PASSWORD: {quoted}}}
      - uses: {uses}
        if: {quoted}
        with: {{{key}: {quoted}}}
"""
    for publication in found_in(text, {**SHIP, **FILES}):
        assert publication.at.line >= 1
        assert publication.step in {0, 1}
        assert publication.routes


def test_uploads_of_one_step_have_keys_of_their_own() -> None:
    script = "twine upload -r testpypi dist/*; twine upload dist/*\nnpm publish\n"
    steps = f"- run: |\n{indented(script, 4)}\n- run: npm publish\n"
    keys = [publication.key for publication in found_in(job_of(steps))]
    step = f"{RELEASE}:publish:0"
    assert keys == [step, f"{step}:2", f"{step}:3", f"{RELEASE}:publish:1"]
