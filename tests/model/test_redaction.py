"""What is left out of lines that are shown, and what stays."""

from __future__ import annotations

import pytest

from audits.model.redaction import MASK, hide, masked, named_credentials

PYPI = "pypi-AgE" + "IcHlwaS5vcmcCJD" * 6
HUNTER = "hunter2-plum"


def _shown(line: str, text: str) -> str:
    """A line that is quoted from a text."""
    return hide(masked(line), named_credentials(text))


@pytest.mark.parametrize(
    "line",
    [
        f"password: {HUNTER}",
        f'password: "{HUNTER}"',
        f"TWINE_PASSWORD: '{HUNTER}' # ours",
        f"env: {{NPM_TOKEN: {HUNTER}, A: b}}",
        f"run: twine upload -p {HUNTER} dist/*",
        f"run: gem push --api-key {HUNTER}",
        f"run: x --password={HUNTER}",
        f"run: UV_PUBLISH_TOKEN={HUNTER} uv publish",
        f"url: https://someone:{HUNTER}@index.example/",
        f"AWS_SECRET_ACCESS_KEY: {HUNTER}",
        f"SIGNING_KEY={HUNTER} sign",
        f"MY_CREDENTIALS: {HUNTER}",
        f"run: curl -u me:{HUNTER} https://index.example",
        f"x --user=me:{HUNTER} y",
        f"curl -H 'Authorization: Bearer {HUNTER}' https://index.example",
        f"run: cargo login {HUNTER}",
        f"npm config set //index.example/:_authToken {HUNTER}",
        f"//index.example/:_authToken={HUNTER}",
        f"poetry config pypi-token.pypi {HUNTER}",
        f"poetry config http-basic.main me {HUNTER}",
        f"curl https://index.example/?a=b&token={HUNTER}",
        f'echo "API_TOKEN={HUNTER}" >> $GITHUB_ENV',
        f"$env:NUGET_API_KEY = '{HUNTER}'",
        f"twine upload -p '{HUNTER} more {HUNTER}' dist/*",
        f"x --token {HUNTER} --password {HUNTER}",
        f"deploy-key: {HUNTER}",
        f"password: &plum {HUNTER}",
        f"with: {{pat: {HUNTER}}}",
        f"A_TOKEN: {HUNTER}  B_SECRET: {HUNTER}",
        f"--passphrase '{HUNTER}'",
        f"HATCH_INDEX_AUTH: {HUNTER}",
        f"run: docker login -u me -p {HUNTER} registry.example",
    ],
)
def test_credentials_are_left_out(line: str) -> None:
    assert HUNTER not in masked(line)
    assert MASK in masked(line)


def test_a_token_is_known_by_its_look() -> None:
    assert masked(f"run: echo {PYPI} | upload") == f"run: echo {MASK} | upload"


@pytest.mark.parametrize(
    "line",
    [
        "password: ${{ secrets.PYPI_API_TOKEN }}",
        "id-token: write",
        "secrets: inherit",
        "- uses: actions/checkout@v4",
        "run: mkdir -p dist",
        "persist-credentials: false",
        "run: twine upload -u __token__ -p $TWINE_PASSWORD dist/*",
        "author: somebody",
        "token: ''",
        "it may ask for an identity (`id-token: write`).",
        "cache-key: pip-linux",
        "path: dist",
        "pattern: wheels-*",
        "compat: yes",
        "the job's token: contents write, to the default branch",
        "token: contents: write",
        "key: ${{ runner.os }}-pip",
        "uses: acme/auth@v1",
        "--key-id abc",
        "password-file: pass.txt",
        "run: npm config set registry https://index.example",
        "run: cargo login --help",
        "API_KEY: ${{ secrets.API_KEY }}",
        "curl -u $USER:$PASS x",
        "author: me",
        "name: Get a token",
        "authToken: ''",
        "run: TWINE_PASSWORD=${TOKEN} twine upload dist/*",
        "permissions: {id-token: write}",
    ],
)
def test_the_rest_stays(line: str) -> None:
    assert masked(line) == line


@pytest.mark.parametrize(
    "text",
    [
        f"env:\n  PW: {HUNTER}\nsteps:\n  - env: {{TWINE_PASSWORD: '${{{{ env.PW }}}}'}}",
        f"env: {{FOO: {HUNTER}}}\nrun: twine upload -p $FOO dist/*",
        f'X="{HUNTER}"\nnpm config set //npm.example/:_authToken "$X"',
        f"FOO: '{HUNTER}'\nrun: gem push --api-key=${{FOO}} a.gem",
        f"export A={HUNTER}; B=$A\ncargo login $B",
        f"A: {HUNTER}\nB: ${{{{ env.A }}}}\npassword: ${{{{ env.B }}}}",
        f"$plum = '{HUNTER}'\ndotnet nuget push -k $plum",
        f"env:\n  WHO: {HUNTER}\nrun: curl -u me:$WHO https://index.example",
        f"set A={HUNTER}\ntwine upload --password %A%",
        f"- run: FOO={HUNTER} twine upload -p $FOO",
        f"echo 'pw={HUNTER}' >> $GITHUB_OUTPUT\ntwine upload -p ${{{{ steps.a.outputs.pw }}}} x",
        f"matrix: {{crop: [{HUNTER}, x]}}\nrun: x --token ${{{{ matrix.crop }}}}",
        f"  crop:\n  - {HUNTER}\n  - x\nrun: x --token ${{{{ matrix.crop }}}}",
        f"inputs: {{farm: {{type: string, default: {HUNTER}}}}}\nx --token ${{{{ inputs.farm }}}}",
        f"  farm:\n    type: string\n    default: {HUNTER}\nx --token ${{{{ inputs.farm }}}}",
        f"ship:\n\ttwine upload -p $(PLUM) dist/*\nPLUM = {HUNTER}",
        f"PLUM := {HUNTER}\nship:\n\ttwine upload -p $(PLUM) dist/*",
        f"with:\n  password: |\n    {HUNTER}\n  user: me",
        f"with:\n  password: >-\n    {HUNTER}",
        f"- X={HUNTER}\n- echo $X | docker login --password-stdin",
        f"Y: {HUNTER}\nrun: curl -H 'Authorization: Bearer $Y' https://index.example",
    ],
)
def test_a_variable_that_is_used_as_a_credential_holds_one(text: str) -> None:
    assert named_credentials(text) == (HUNTER,)
    assert HUNTER not in "".join(_shown(line, text) for line in text.splitlines())
    assert _shown(f"runs `X={HUNTER}`", text) == f"runs `X={MASK}`"


@pytest.mark.parametrize(
    "text",
    [
        f"env:\n  PW: {HUNTER}\nrun: echo $PW",
        f"REGION: {HUNTER}\nrun: aws s3 cp x s3://$REGION",
        "env:\n  PW: ${{ secrets.PW }}\npassword: ${{ env.PW }}",
        "A: true\npassword: $A",
        "A: x\npassword: $A",
        f"A: {HUNTER}\npassword: $B",
        f"A: {HUNTER}\npassword: ${{{{ secrets.A }}}}",
        "A: ${{ inputs.token }}\nrun: x --token $A",
        f"A: [{HUNTER}]\nrun: twine upload dist/*",
        f"  a:\n    type: string\n  b:\n    default: {HUNTER}\nx --token ${{{{ inputs.a }}}}",
        f"id: {HUNTER}\ndocker run -u $(id -u) x",
        f"script: |\n  {HUNTER}\npassword: x",
        f"token-notes: |\n  {HUNTER}\n  and more",
        "",
    ],
)
def test_other_variables_are_shown(text: str) -> None:
    assert named_credentials(text) == ()


def test_a_value_is_left_out_as_a_whole_word_only() -> None:
    text = "A: main\nrun: twine upload -p $A"
    assert _shown("domain, main and main-2", text) == f"domain, {MASK} and main-2"
