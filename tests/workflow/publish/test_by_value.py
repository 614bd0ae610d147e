"""A credential is what its value comes from, however the variables on its way are called."""

from __future__ import annotations

import pytest

from audits.model.publication import Auth
from tests.workflow.publish.uploads import found_in, job_of, run_of, the_one

SECRET = "${{ secrets.SHIP }}"
PLAIN = "${{ vars.CHANNEL_OF_NOTES }}"


def _step(script: str, env: str = "", more: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in script.splitlines())
    return f"- run: |\n{lines}\n" + (f"  env: {{{env}}}\n" if env else "") + more


HELD = f"X: '{SECRET}'"
WRITES = [
    ('npm config set //registry.example/:_authToken "$X"', "npm publish"),
    ("npm set //registry.example/:_authToken=$X", "pnpm publish --no-git-checks"),
    ('echo "//registry.example/:_authToken=${X}" > ~/.npmrc', "npm publish"),
    ('echo "//registry.example/:_authToken=$X" >> "$HOME/.npmrc"', "yarn lerna publish"),
    ("cat > .npmrc <<EOF\n//registry.example/:_authToken=$X\nEOF", "npm publish"),
    ('yarn config set npmAuthToken "$X"', "yarn npm publish"),
    (
        'printf "[pypi]\\nusername=__token__\\npassword=%s\\n" "$X" > ~/.pypirc',
        "twine upload dist/*",
    ),
    ("cat <<-EOF > ~/.pypirc\n  [pypi]\n  password = $X\nEOF", "twine upload dist/*"),
    ('{\n  echo "[pypi]"\n  echo "password=$X"\n} > ~/.pypirc', "flit publish"),
    ('poetry config pypi-token.pypi "$X"', "poetry publish"),
    ('poetry config http-basic.main __token__ "${X}"', "poetry publish -r main"),
    ('cargo login "$X"', "cargo publish"),
    ('echo "$X" | cargo login', "cargo publish"),
    ('printf \'[registry]\\ntoken = "%s"\\n\' "$X" > ~/.cargo/credentials.toml', "cargo publish"),
    ('mkdir ~/.gem\necho ":rubygems_api_key: $X" > ~/.gem/credentials', "gem push x.gem"),
    ('echo "$X" | docker login -u orchard --password-stdin', "docker push orchard/lumen"),
    ('docker login -u orchard -p "$X"', "docker push orchard/lumen"),
    (
        "echo $X | helm registry login r.example -u x --password-stdin",
        "helm push x.tgz oci://r.example/x",
    ),
    ('echo "<password>$X</password>" > ~/.m2/settings.xml', "mvn deploy"),
    ('echo "mavenCentralPassword=$X" >> ~/.gradle/gradle.properties', "./gradlew publish"),
    (
        'dotnet nuget add source -n f -p "$X" https://nuget.example',
        "dotnet nuget push x.nupkg -s f",
    ),
    ('aws configure set aws_secret_access_key "$X"', "aws s3 cp x.whl s3://orchard/wheels/"),
]


@pytest.mark.parametrize(("login", "upload"), WRITES)
def test_what_a_script_writes_down_is_followed_by_its_value(login: str, upload: str) -> None:
    for text in (
        job_of(_step(login, HELD) + _step(upload)),
        run_of(f"{login}\n{upload}", env=HELD),
    ):
        found = the_one(text)
        assert found.auth is Auth.TOKEN
        assert {c.secret for c in found.stored_credentials} == {"SHIP"}


@pytest.mark.parametrize(("login", "upload"), WRITES)
def test_without_a_secret_behind_it_the_same_script_stores_nothing(login: str, upload: str) -> None:
    for value in ("apples", "${{ github.token }}", "${{ matrix.x }}"):
        for found in found_in(job_of(_step(login, f"X: '{value}'") + _step(upload))):
            assert found.stored_credentials == ()
            assert found.auth is not Auth.TOKEN


@pytest.mark.parametrize(
    "script",
    [
        f'echo "NODE_AUTH_TOKEN={SECRET}" >> $GITHUB_ENV',
        'echo "NODE_AUTH_TOKEN=$X" >> "$GITHUB_ENV"',
        "echo NODE_AUTH_TOKEN=${X} >> ${GITHUB_ENV}",
        'printf "NODE_AUTH_TOKEN=$X\\n" >> $GITHUB_ENV',
        'echo "NODE_AUTH_TOKEN=$X" | tee -a $GITHUB_ENV',
        "cat >> $GITHUB_ENV <<EOF\nOTHER=1\nNODE_AUTH_TOKEN=$X\nEOF",
        '{\n  echo "OTHER=1"\n  echo "NODE_AUTH_TOKEN=$X"\n} >> "$GITHUB_ENV"',
        'Y="$X"\necho "NODE_AUTH_TOKEN=$Y" >> $GITHUB_ENV',
        'echo "::set-env name=NODE_AUTH_TOKEN::$X"',
    ],
)
def test_the_file_of_variables(script: str) -> None:
    found = the_one(job_of(_step(script, HELD) + _step("npm publish")))
    assert found.auth is Auth.TOKEN
    assert found.stored_credentials[0].secret == "SHIP"


@pytest.mark.parametrize(
    "line",
    [
        '"NODE_AUTH_TOKEN=$env:X" | Out-File -FilePath $env:GITHUB_ENV -Append',
        'echo "NODE_AUTH_TOKEN=$env:X" >> $env:GITHUB_ENV',
        'Add-Content -Path $env:GITHUB_ENV -Value "NODE_AUTH_TOKEN=$env:X"',
        '"NODE_AUTH_TOKEN=${env:X}" >> $env:GITHUB_ENV',
    ],
)
def test_the_file_of_variables_in_powershell(line: str) -> None:
    steps = _step(line, HELD, "  shell: pwsh\n") + _step("npm publish")
    assert the_one(job_of(steps)).auth is Auth.TOKEN


@pytest.mark.parametrize(
    "steps",
    [
        _step("npm publish") + _step('echo "NODE_AUTH_TOKEN=$X" >> $GITHUB_ENV', HELD),
        _step('echo "VERSION=$X" >> $GITHUB_ENV', HELD) + _step("npm publish"),
        _step('echo "NODE_AUTH_TOKEN=$X" >> $GITHUB_OUTPUT', HELD) + _step("npm publish"),
        _step('echo "NODE_AUTH_TOKEN=$X" >> $GITHUB_ENV', HELD)
        + _step("npm publish", "NODE_AUTH_TOKEN: ''"),
    ],
)
def test_what_is_not_given_to_the_upload_is_no_credential_of_it(steps: str) -> None:
    assert the_one(job_of(steps)).stored_credentials == ()


OUTPUT = """- id: key
  run: {0}
  env: {{X: '{1}', VERSION: '1.0'}}
- uses: pypa/gh-action-pypi-publish@release/v1
  with: {{password: '${{{{ steps.key.outputs.token }}}}'}}
"""


@pytest.mark.parametrize(
    ("script", "value", "auth"),
    [
        ('echo "token=$X" >> $GITHUB_OUTPUT', SECRET, "token"),
        ('echo "::set-output name=token::$X"', SECRET, "token"),
        (f'echo "token={SECRET}" >> $GITHUB_OUTPUT', "", "token"),
        ('echo "token=$VERSION" >> $GITHUB_OUTPUT', SECRET, "token"),
        ('echo "token=$X" >> $GITHUB_OUTPUT', "${{ github.token }}", "oidc"),
    ],
)
def test_outputs_of_a_step(script: str, value: str, auth: str) -> None:
    found = the_one(job_of(OUTPUT.format(script, value)))
    if "$VERSION" in script:  # a literal, as far as the text tells
        assert [c.secret for c in found.credentials] == [""]
    else:
        assert found.auth == auth


@pytest.mark.parametrize(
    "store",
    [
        "hashicorp/vault-action@v3",
        "pulumi/esc-action@v1",
        "azure/get-keyvault-secrets@v1",
        "google-github-actions/get-secretmanager-secrets@v2",
    ],
)
def test_a_secret_that_is_stored_elsewhere_is_stored(store: str) -> None:
    steps = f"- uses: {store}\n  id: vault\n" + _step(
        "npm publish", "NODE_AUTH_TOKEN: '${{ steps.vault.outputs.NPM }}'"
    )
    found = the_one(job_of(steps))
    (credential,) = found.stored_credentials
    # It is none of GitHub's secrets, so that none is named and no environment can hold it.
    assert (found.auth, credential.name, credential.secret) == (Auth.TOKEN, "NODE_AUTH_TOKEN", "")


CLOUD = "aws-actions/configure-aws-credentials@v4\n  with: {{{0}}}\n"


@pytest.mark.parametrize(
    ("login", "auth"),
    [
        ("role-to-assume: 'arn:x'", Auth.OIDC),
        ("aws-secret-access-key: '${{ secrets.AWS }}'", Auth.TOKEN),
    ],
)
def test_a_token_of_a_cloud_is_what_the_login_was(login: str, auth: Auth) -> None:
    script = "export TWINE_PASSWORD=$(aws codeartifact get-authorization-token --domain x)\ntwine upload x.whl"
    assert the_one(job_of("- uses: " + CLOUD.format(login) + _step(script))).auth is auth


AZURE = "- uses: azure/login@v2\n  with: {{{0}}}\n"


@pytest.mark.parametrize(
    ("login", "script", "auth"),
    [
        ("client-id: x", "vsce publish --azure-credential", Auth.OIDC),
        ("creds: '${{ secrets.AZURE }}'", "vsce publish --azure-credential", Auth.TOKEN),
        (
            "client-id: x",
            'PAT=$(az account get-access-token --query accessToken -o tsv)\nvsce publish -p "$PAT"',
            Auth.OIDC,
        ),
        (
            "client-id: x",
            "export VSCE_PAT=$(az account get-access-token -o tsv)\nvsce publish",
            Auth.OIDC,
        ),
    ],
)
def test_the_marketplace_by_a_login_to_azure(login: str, script: str, auth: Auth) -> None:
    found = the_one(job_of(AZURE.format(login) + _step(script)))
    assert (found.registry, found.auth) == ("vscode", auth)


@pytest.mark.parametrize(
    "upload",
    [
        "twine upload --repository-url http://localhost:8080/ dist/*",
        "twine upload --repository-url http://127.0.0.1:3141/root/x/ dist/*",
        "twine upload --repository-url http://localhost:${{ job.services.x.ports['80'] }}/ dist/*",
        "npm publish --registry http://localhost:4873",
        "npm publish --registry=http://[::1]:4873/",
        "docker push localhost:5000/lumen",
        "docker buildx build --push -t localhost:5000/a -t localhost:5000/b .",
        "cargo publish --index http://127.0.0.1:7878/git/index",
        "npm publish --registry http://mirror:4873",
        "docker push mirror:5000/lumen",
    ],
)
def test_a_server_of_the_run_itself_is_no_registry(upload: str) -> None:
    head = "services: {mirror: {image: 'mirror:1'}}"
    assert found_in(run_of(upload, env=HELD, head=head)) == ()
    elsewhere = upload.replace("localhost", "apples.example").replace("127.0.0.1", "apples.example")
    elsewhere = elsewhere.replace("[::1]", "apples.example").replace("mirror:", "m.example:")
    assert len(found_in(run_of(elsewhere, env=HELD, head=head))) == 1


@pytest.mark.parametrize(
    "env", ["TWINE_PASSWORD: apples", "TWINE_PASSWORD: '${{ env.NONE }}'", "TWINE_PASSWORD: ''"]
)
def test_a_script_that_gets_a_literal_is_no_upload(env: str) -> None:
    assert found_in(run_of("./scripts/release", env=env)) == ()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (
            "- uses: rust-lang/crates-io-auth-action@v1\n  id: auth\n"
            + _step("just ship", "KEY_OF_DAY: '${{ steps.auth.outputs.token }}'"),
            "crates/oidc",
        ),
        (
            "- uses: rubygems/configure-rubygems-credentials@v1\n"
            + _step("bundle exec rake release"),
            "rubygems/oidc",
        ),
        (
            "- uses: rubygems/configure-rubygems-credentials@v1\n" + _step("./bin/release"),
            "rubygems/oidc",
        ),
        (
            "- uses: NuGet/login@v1\n  id: login\n"
            + _step(
                "dotnet run --project build", "KEY: '${{ steps.login.outputs.NUGET_API_KEY }}'"
            ),
            "nuget/oidc",
        ),
        (
            "- uses: NuGet/login@v1\n  id: login\n"
            + _step("dotnet nuget push x.nupkg -k ${{ steps.login.outputs.NUGET_API_KEY }}"),
            "nuget/oidc",
        ),
        (_step("make publish", "ANY_KEY: '${{ secrets.NUGET_KEY }}'"), "nuget/token"),
        (_step("./release.sh", "T: '${{ secrets.OSSRH_PASSWORD }}'"), "maven/token"),
        (
            "- uses: acme/package-publisher@v1\n  with: {key: '${{ secrets.NPM_KEY }}'}\n",
            "npm/token",
        ),
    ],
)
def test_the_consumer_of_a_credential_is_the_publication(steps: str, words: str) -> None:
    assert [f"{p.registry}/{p.auth}" for p in found_in(job_of(steps))] == [words]


@pytest.mark.parametrize(
    "steps",
    [
        "- uses: rust-lang/crates-io-auth-action@v1\n  id: auth\n" + _step("cargo test"),
        "- uses: rubygems/configure-rubygems-credentials@v1\n" + _step("bundle exec rspec"),
        "- uses: NuGet/login@v1\n  id: login\n" + _step("dotnet build"),
        _step("make test", "ANY_KEY: '${{ secrets.NUGET_KEY }}'"),
        _step("make publish", "ANY_KEY: '${{ secrets.SLACK_KEY }}'"),
        _step("make publish", "ANY_KEY: '${{ secrets.TEST_NUGET_KEY }}'"),
        "- uses: acme/package-lister@v1\n  with: {key: '${{ secrets.NPM_KEY }}'}\n",
        "- uses: acme/package-publisher@v1\n  with: {name: '${{ vars.NPM_NAME }}'}\n",
        "- uses: acme/package-publisher@v1\n  with: {dry-run: true, key: '${{ secrets.NPM_KEY }}'}\n",
        "- uses: docker/login-action@v4\n  with: {password: '${{ secrets.DOCKERHUB_TOKEN }}'}\n",
    ],
)
def test_what_consumes_none_is_none(steps: str) -> None:
    assert found_in(job_of(steps)) == ()
