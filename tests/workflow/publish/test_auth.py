"""How publications authenticate, and with which credential."""

from __future__ import annotations

import pytest

from audits.model.publication import Auth, CredentialSource
from tests.workflow.publish.uploads import RELEASE, found_in, indented, job_of, run_of, the_one

PUBLISH = "pypa/gh-action-pypi-publish@release/v1"
NONE = "contents: read"


@pytest.mark.parametrize(
    ("uses", "inputs", "permissions", "auth"),
    [
        (PUBLISH, "", "id-token: write", "oidc"),
        (PUBLISH, "", NONE, "none"),
        (PUBLISH, "password: '${{ secrets.T }}'", NONE, "token"),
        (PUBLISH, "password: '${{ secrets.T }}'", "id-token: write", "token"),
        (PUBLISH, "password: ''", "id-token: write", "oidc"),
        (PUBLISH, "password: ", "id-token: write", "oidc"),
        (PUBLISH, "user: __token__", "id-token: write", "oidc"),
        (PUBLISH, "password: '${{ inputs.old && secrets.T }}'", "id-token: write", "mixed"),
        (PUBLISH, "password: \"${{ secrets.T || '' }}\"", "id-token: write", "mixed"),
        (
            PUBLISH,
            'password: "${{ inputs.x && secrets.A || secrets.B }}"',
            "id-token: write",
            "token",
        ),
        (PUBLISH, "password: '${{ vars.T }}'", NONE, "token"),
        (PUBLISH, "password: '${{ needs.a.outputs.b }}'", "id-token: write", "unknown"),
        (PUBLISH, "password: '${{ fromJSON(x) }}'", "id-token: write", "unknown"),
        ("pypa/gh-action-pypi-publish@v1.6.4", "", "id-token: write", "none"),
        ("pypa/gh-action-pypi-publish@master", "", "id-token: write", "none"),
        ("rubygems/release-gem@v1", "", "id-token: write", "oidc"),
        ("rubygems/release-gem@v1", "setup-trusted-publisher: false", "id-token: write", "none"),
        ("release-plz/action@v0.5", "", "id-token: write", "oidc"),
        ("docker/build-push-action@v6", "push: true", "packages: write", "none"),
    ],
)
def test_actions(uses: str, inputs: str, permissions: str, auth: str) -> None:
    steps = f"- uses: {uses}\n" + (f"  with:\n    {inputs}\n" if inputs else "")
    assert the_one(job_of(steps, permissions=permissions)).auth == auth


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("vars.TRY == 'true' && secrets.TESTPYPI_TOKEN || secrets.PYPI_TOKEN", "PYPI_TOKEN"),
        ("inputs.real && secrets.LATEST_TOKEN || secrets.TEST_TOKEN", "LATEST_TOKEN"),
        ("secrets.TEST_TOKEN", "TEST_TOKEN"),
    ],
)
def test_of_two_secrets_the_one_that_is_not_for_a_test_is_named(value: str, secret: str) -> None:
    found = the_one(job_of(f'- uses: {PUBLISH}\n  with:\n    password: "${{{{ {value} }}}}"\n'))
    assert [credential.secret for credential in found.credentials] == [secret]


@pytest.mark.parametrize(("when", "auth"), [("always", "oidc"), ("never", "none")])
def test_an_uploader_with_an_option_to_ask_for_an_identity(when: str, auth: str) -> None:
    assert the_one(run_of(f"uv publish --trusted-publishing {when}")).auth == auth
    assert the_one(run_of(f"uv publish --trusted-publishing={when}")).auth == auth


def test_inputs_that_an_expression_gives_are_not_known() -> None:
    steps = f"- uses: {PUBLISH}\n  with: ${{{{ fromJSON(x) }}}}\n"
    assert the_one(job_of(steps)).auth is Auth.UNKNOWN


SECRET = "${{ secrets.SHIP_KEY }}"


@pytest.mark.parametrize(
    ("script", "variable"),
    [
        ("twine upload dist/*", "TWINE_PASSWORD"),
        ("uv publish", "UV_PUBLISH_TOKEN"),
        ("uv publish", "UV_PUBLISH_PASSWORD"),
        ("hatch publish", "HATCH_INDEX_AUTH"),
        ("flit publish", "FLIT_PASSWORD"),
        ("poetry publish", "POETRY_PYPI_TOKEN_PYPI"),
        ("poetry publish", "POETRY_HTTP_BASIC_ORCHARD_PASSWORD"),
        ("pdm publish", "PDM_PUBLISH_PASSWORD"),
        ("maturin publish", "MATURIN_PYPI_TOKEN"),
        ("npm publish", "NODE_AUTH_TOKEN"),
        ("cargo publish", "CARGO_REGISTRY_TOKEN"),
        ("cargo publish --registry x", "CARGO_REGISTRIES_X_TOKEN"),
        ("gem push x.gem", "GEM_HOST_API_KEY"),
        ("dotnet nuget push x.nupkg", "NUGET_API_KEY"),
        ("anaconda upload x", "ANACONDA_API_TOKEN"),
        ("gh release create v1", "GH_TOKEN"),
        ("semantic-release publish", "PYPI_TOKEN"),
        ("npx semantic-release", "NPM_TOKEN"),
    ],
)
def test_credentials_in_the_environment(script: str, variable: str) -> None:
    env = f"{variable}: '{SECRET}'"
    levels = [
        (run_of(script, env=env, permissions=NONE), CredentialSource.STEP_ENV),
        (run_of(script, head=f"env: {{{env}}}", permissions=NONE), CredentialSource.JOB_ENV),
        (f"env: {{{env}}}{run_of(script, permissions=NONE)}", CredentialSource.WORKFLOW_ENV),
    ]
    for text, source in levels:
        found = the_one(text)
        assert found.auth is Auth.TOKEN
        assert [(c.name, c.source, c.secret) for c in found.stored_credentials] == [
            (variable, source, "SHIP_KEY")
        ]


@pytest.mark.parametrize(
    "script",
    [
        f"twine upload -u __token__ -p {SECRET} dist/*",
        f"twine upload --password={SECRET} dist/*",
        f"TWINE_PASSWORD={SECRET} twine upload dist/*",
        f"export TWINE_PASSWORD={SECRET}\ntwine upload dist/*",
        f"KEY={SECRET}\ntwine upload -p $KEY dist/*",
        f"uv publish --token '{SECRET}'",
        f"hatch publish -a {SECRET}",
        f"poetry config pypi-token.pypi {SECRET}\npoetry publish",
        f"dotnet nuget push x -k {SECRET}",
        f"cargo login {SECRET}\ncargo publish",
        f"npm config set //registry.example/:_authToken {SECRET}\nnpm publish",
        f"cat <<EOF > ~/.pypirc\npassword = {SECRET}\nEOF\ntwine upload dist/*",
        f"echo {SECRET} | docker login -u x --password-stdin\ndocker push a/b",
    ],
)
def test_credentials_in_the_script(script: str) -> None:
    found = the_one(run_of(script))
    assert found.auth is Auth.TOKEN
    assert {c.secret for c in found.stored_credentials} == {"SHIP_KEY"}
    assert {c.source for c in found.stored_credentials} == {CredentialSource.COMMAND_LINE}


def test_a_credential_that_a_variable_of_the_step_holds() -> None:
    found = the_one(run_of("gem push x.gem\n", env=f"GEM_HOST_API_KEY: '{SECRET}'"))
    assert found.stored_credentials[0].secret == "SHIP_KEY"
    named = the_one(run_of('dotnet nuget push x -k "$KEY"', env=f"KEY: '{SECRET}'"))
    assert named.stored_credentials[0].secret == "SHIP_KEY"


def test_a_login_of_an_earlier_step_counts() -> None:
    steps = f"""
- run: poetry config pypi-token.pypi "$KEY"
  env: {{KEY: '{SECRET}'}}
- run: poetry publish
"""
    found = the_one(job_of(steps))
    assert (found.auth, found.step) == (Auth.TOKEN, 1)
    assert found.stored_credentials[0].at.line == 10


def test_a_login_after_the_upload_does_not() -> None:
    steps = f"- run: docker push a/b\n- run: docker login -p {SECRET}\n"
    assert the_one(job_of(steps)).credentials == ()


def test_container_logins() -> None:
    login = "- uses: docker/login-action@v3\n  with: {{password: '{0}'}}\n- run: docker push a/b\n"
    stored = the_one(job_of(login.format(SECRET)))
    assert (stored.auth, stored.stored_credentials[0].secret) == (Auth.TOKEN, "SHIP_KEY")
    for own in ("${{ github.token }}", "${{ secrets.GITHUB_TOKEN }}"):
        assert the_one(job_of(login.format(own))).auth is Auth.NONE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (job_of(f"- uses: {PUBLISH}\n  with: {{password: pypi-AgEI}}\n"), "password"),
        (run_of("twine upload dist/*", env="TWINE_PASSWORD: hunter2"), "TWINE_PASSWORD"),
        (run_of("twine upload -p hunter2 dist/*"), "-p"),
        (run_of("TWINE_PASSWORD=hunter2 twine upload dist/*"), "TWINE_PASSWORD"),
        (
            job_of(
                "- uses: docker/login-action@v3\n  with: {password: hunter2}\n- run: docker push a/b"
            ),
            "password",
        ),
    ],
)
def test_credentials_in_the_file_are_marked_and_never_kept(text: str, name: str) -> None:
    (credential,) = the_one(text).stored_credentials
    assert (credential.name, credential.literal, credential.secret) == (name, True, "")
    assert "hunter2" not in repr(credential)
    assert "AgEI" not in repr(credential)


@pytest.mark.parametrize(
    ("before", "upload"),
    [
        (
            "- uses: rust-lang/crates-io-auth-action@v1\n  id: auth",
            "- run: cargo publish\n  env: {CARGO_REGISTRY_TOKEN: '${{ steps.auth.outputs.token }}'}",
        ),
        (
            "- uses: NuGet/login@v1\n  id: login\n  with: {user: orchard}",
            "- run: dotnet nuget push x -k ${{ steps.login.outputs.NUGET_API_KEY }}",
        ),
        ("- uses: rubygems/configure-rubygems-credentials@v1", "- run: gem push x.gem"),
        (
            "- run: curl $ACTIONS_ID_TOKEN_REQUEST_URL | mint >> $GITHUB_OUTPUT\n  id: mint",
            f"- uses: {PUBLISH}\n  with: {{password: '${{{{ steps.mint.outputs.token }}}}'}}",
        ),
        (
            "- run: echo before",
            "- run: |\n    t=$(python -m id pypi | mint)\n    twine upload -p $t dist/*",
        ),
    ],
)
def test_minted_credentials_are_identities(before: str, upload: str) -> None:
    found = the_one(job_of(f"{before}\n{upload}\n"))
    assert (found.auth, found.does_oidc) == (Auth.OIDC, True)
    assert [c.source for c in found.credentials] == [CredentialSource.MINTED]
    assert found.stored_credentials == ()
    assert the_one(job_of(f"{before}\n{upload}\n", permissions=NONE)).auth is Auth.NONE


def test_a_stored_key_beats_the_action_that_could_mint() -> None:
    steps = "- uses: rubygems/configure-rubygems-credentials@v1\n  with: {api-token: '%s'}\n"
    found = the_one(job_of(steps % SECRET + "- run: gem push x.gem\n"))
    assert (found.auth, found.does_oidc) == (Auth.TOKEN, False)


def test_where_the_identity_is_granted() -> None:
    (credential,) = the_one(job_of(f"- uses: {PUBLISH}")).credentials
    assert (credential.source, credential.at.line) == (CredentialSource.OIDC, 6)


CALLEE = """
on:
  workflow_call:
    inputs: {key: {type: string}}
    secrets: {token: {required: false}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {password: '${{ secrets.token }}'}
"""


@pytest.mark.parametrize(
    ("secrets", "auth", "secret"),
    [
        ("secrets: {token: '${{ secrets.REAL }}'}", Auth.TOKEN, "REAL"),
        ("secrets: inherit", Auth.TOKEN, "token"),
        ("", Auth.OIDC, ""),
    ],
)
def test_secrets_of_callers(secrets: str, auth: Auth, secret: str) -> None:
    caller = f"""
on: push
jobs:
  call:
    uses: ./.github/workflows/publish.yml
    permissions: {{id-token: write}}
{indented(secrets, 4)}
"""
    found = the_one({RELEASE: caller, ".github/workflows/publish.yml": CALLEE})
    assert (found.auth, found.step, found.workflow.path) == (
        auth,
        0,
        ".github/workflows/publish.yml",
    )
    assert [c.secret for c in found.stored_credentials] == ([secret] if secret else [])
    assert found.publisher_workflows == (".github/workflows/publish.yml",)


def test_npm_is_matched_by_the_calling_workflow() -> None:
    callee = CALLEE.partition("      - uses")[0] + "      - run: npm publish\n"
    caller = "on: push\njobs: {call: {uses: ./.github/workflows/publish.yml}}"
    found = the_one({RELEASE: caller, ".github/workflows/publish.yml": callee})
    assert found.publisher_workflows == (RELEASE,)


@pytest.mark.parametrize(
    ("secrets", "auth"),
    [
        ("secrets: {pypi_token: '${{ secrets.T }}'}", Auth.TOKEN),
        ("secrets: inherit", Auth.UNKNOWN),
        ("", Auth.NONE),
    ],
)
def test_called_workflows_of_other_repositories(secrets: str, auth: Auth) -> None:
    text = f"""
on: push
jobs:
  publish:
    uses: OpenAstronomy/github-actions-workflows/.github/workflows/publish.yml@v1
    with: {{repository_url: 'https://test.index.example/legacy/'}}
{indented(secrets, 4)}
"""
    found = the_one(text)
    assert (found.step, found.auth, found.channel) == (-1, auth, "test")
    assert found.called is not None
    assert (found.action, found.source_step, found.publisher_workflows) == (None, None, ())
    sources = [c.source for c in found.stored_credentials]
    assert sources == ([CredentialSource.CALL_SECRET] if auth is Auth.TOKEN else [])


def test_a_called_workflow_with_an_input_not_to_upload() -> None:
    called = "OpenAstronomy/github-actions-workflows/.github/workflows/publish.yml@v1"
    text = f"on: push\njobs: {{a: {{uses: {called}, with: {{upload_to_pypi: false}}}}}}"
    assert found_in(text) == ()


def test_a_step_that_reads_its_own_output_ends() -> None:
    steps = """
- id: mint
  env: {T: "${{ steps.mint.outputs.t }}", U: "${{ steps.mint.outputs.u }}"}
  run: ./mint
- uses: pypa/gh-action-pypi-publish@v1.12.4
  with:
    password: ${{ steps.mint.outputs.t }}
"""
    assert the_one(job_of(steps)).auth == "unknown"


@pytest.mark.parametrize(
    ("env", "auth"),
    [
        ("GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}'", Auth.NONE),
        ("GITHUB_TOKEN: '${{ secrets.RELEASE_PAT }}'", Auth.TOKEN),
        ("AUR_KEY: '${{ secrets.AUR_KEY }}'", Auth.TOKEN),
        ("GORELEASER_KEY: '${{ secrets.GORELEASER_KEY }}'", Auth.NONE),
        ("MACOS_NOTARY_KEY: '${{ secrets.NOTARY_KEY }}'", Auth.NONE),
    ],
)
def test_goreleaser_publishes_with_what_its_configuration_names(env: str, auth: Auth) -> None:
    action = f"- uses: goreleaser/goreleaser-action@v7\n  env: {{{env}}}"
    assert the_one(job_of(action)).auth is auth
