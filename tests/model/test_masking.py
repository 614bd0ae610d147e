"""What is left out of lines that are shown, and what stays."""

from __future__ import annotations

import pytest

from audits.model.masking import MASK, masked

PYPI = "pypi-AgE" + "IcHlwaS5vcmcCJD" * 6
HUNTER = "hunter2-plum"


@pytest.mark.parametrize(
    "line",
    [
        f"password: {HUNTER}", f'password: "{HUNTER}"', f"TWINE_PASSWORD: '{HUNTER}' # ours",
        f"env: {{NPM_TOKEN: {HUNTER}, A: b}}", f"run: twine upload -p {HUNTER} dist/*",
        f"run: gem push --api-key {HUNTER}", f"run: x --password={HUNTER}",
        f"run: UV_PUBLISH_TOKEN={HUNTER} uv publish", f"url: https://someone:{HUNTER}@index.example/",
        f"HATCH_INDEX_AUTH: {HUNTER}", f"run: docker login -u me -p {HUNTER} registry.example",
    ],
)  # fmt: skip
def test_credentials_are_left_out(line: str) -> None:
    assert HUNTER not in masked(line)
    assert MASK in masked(line)


def test_a_token_is_known_by_its_look() -> None:
    assert masked(f"run: echo {PYPI} | upload") == f"run: echo {MASK} | upload"


@pytest.mark.parametrize(
    "line",
    [
        "password: ${{ secrets.PYPI_API_TOKEN }}", "id-token: write", "secrets: inherit",
        "- uses: actions/checkout@v4", "run: mkdir -p dist", "persist-credentials: false",
        "run: twine upload -u __token__ -p $TWINE_PASSWORD dist/*", "author: somebody", "token: ''",
        "run: TWINE_PASSWORD=${TOKEN} twine upload dist/*", "permissions: {id-token: write}",
    ],
)  # fmt: skip
def test_the_rest_stays(line: str) -> None:
    assert masked(line) == line
