"""What is left out of lines that are shown, and what stays."""

from __future__ import annotations

import pytest

from audits.model.redaction import MASK, masked

PYPI = "pypi-AgE" + "IcHlwaS5vcmcCJD" * 6
HUNTER = "hunter2-plum"


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
