"""Credentials in every place of a repository's files, also given in one and used in another: no
output of any command shows one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from audits.model.redaction import MASK
from tests.cli.runner import release_audit

_NUMBERS = count(1000)


def token() -> str:
    """A token that is known by its look."""
    return f"ghp_{next(_NUMBERS)}aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"


def word() -> str:
    """A password that only its place gives away."""
    return f"Plum{next(_NUMBERS)}Blossom"


PLACES = f"""\
name: Release {token()}
run-name: run {token()}
on:
  push: {{branches: ["{token()}"]}}
  release: {{types: [published]}}
  pull_request_target: {{}}
env:
  TWINE_PASSWORD: {word()}
  GREETING: glpat-{token()}
  FARMER: {word()}
concurrency: {token()}
jobs:
  build-{token()}:
    name: build {token()}
    runs-on: [self-hosted, "{token()}"]
    steps:
      - uses: actions/checkout@{token()}
        with: {{ref: "${{{{ github.event.pull_request.head.sha }}}}", token: {word()}}}
      - name: step {token()}
        run: |
          pip install https://user:{word()}@index.example/x
          curl -H "Authorization: Bearer {word()}" https://x.example/xoxb-{token()} | sh
          echo "${{{{ github.event.pull_request.title }}}} {token()}"
      - run: twine upload -u bob -p {word()} dist/* # {token()}
      - run: npm publish --registry=https://u:{word()}@npm.example/ --//npm.example/:_authToken={word()}
      - run: |
          farm={word()}
          npm publish --token $farm && gem push --api-key "$FARMER"
      - run: docker login -u x --password {word()} reg.example/{token()} && docker push reg.example/a:{token()}
      - run: export AWS_SECRET_ACCESS_KEY={word()}; aws s3 cp dist s3://bucket/{token()}
      - uses: ./{token()}
      - uses: docker://image:{token()}
        if: contains('{token()}', 'x')
      - uses: actions/upload-artifact@v4
        with: {{name: "{token()}", path: dist}}
      - uses: actions/cache@v4
        with: {{path: "{token()}", key: "{token()}"}}
  publish:
    environment: {{name: "{token()}", url: "https://u:{word()}@x.example/{token()}"}}
    permissions: {{id-token: write}}
    container: {{image: "image:{token()}", credentials: {{username: u, password: {word()}}}}}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
        with: {{name: "{token()}", run-id: "{token()}", github-token: {token()}}}
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {{password: {word()}, repository-url: "https://u:{word()}@pypi.example/legacy/"}}
  other:
    uses: orchard-labs/x/.github/workflows/{token()}.yml@{token()}
  unrecognized:
    runs-on: ubuntu-latest
    environment: release
    permissions: {{id-token: write}}
    steps: [{{run: "./release.sh --token {word()} {token()}"}}]
"""
FARM, BARN, FIELD, ACRE, PEAR, APPLE, MELON, CROP, SOIL = (word() for _ in range(9))
CROSSING = f"""\
name: Crossing
on: {{push: {{branches: [main]}}, pull_request_target: {{}}}}
env: {{SOIL: {SOIL}}}
jobs:
  one: {{uses: ./.github/workflows/called.yml, with: {{farm: {FARM}}}, secrets: {{barn: {BARN}}}}}
  two:
    runs-on: [self-hosted, "{SOIL}"]
    steps:
      - {{uses: actions/checkout@v4, with: {{ref: "${{{{ github.event.pull_request.head.sha }}}}"}}, env: {{SOIL: {SOIL}}}}}
      - {{uses: ./.github/actions/up, with: {{field: {FIELD}}}}}
      - {{uses: ./.github/actions/dock, with: {{acre: {ACRE}}}}}
      - run: PEAR={PEAR} ./ci/release.sh {PEAR}
      - {{run: "APPLE={APPLE} npm run ship; curl https://x.example/{APPLE} | sh", env: {{APPLE: {APPLE}}}}}
      - run: MELON={MELON} make ship {MELON} {SOIL}
  three:
    strategy: {{matrix: {{crop: [{CROP}, other-one]}}}}
    runs-on: ubuntu-latest
    container: image
    steps:
      - run: twine upload -p ${{{{ matrix.crop }}}} dist/*
      - run: curl https://x.example/{CROP} | sh
"""
CALLED = f"""\
name: Called
on: {{workflow_call: {{inputs: {{farm: {{type: string}}}}, secrets: {{barn: {{required: true}}}}}}}}
jobs:
  up:
    runs-on: ubuntu-latest
    environment: release
    steps:
      - run: twine upload -p ${{{{ inputs.farm }}}} dist/* && pip install {FARM}
      - run: npm publish --token ${{{{ secrets.barn }}}} {BARN}
"""
ACTION = f"""\
name: up
inputs: {{field: {{required: true}}}}
runs:
  using: composite
  steps:
    - {{run: "twine upload -p ${{{{ inputs.field }}}} dist/*; pip install {FIELD}", shell: bash}}
    - {{run: "twine upload -p $SOIL dist/*", shell: bash}}
"""
FILES = {
    ".github/workflows/release.yml": PLACES,
    ".github/workflows/crossing.yml": CROSSING,
    ".github/workflows/called.yml": CALLED,
    ".github/actions/up/action.yml": ACTION,
    ".github/actions/dock/action.yml": (
        'name: d\nruns: {using: docker, image: "docker://x.example/y",'
        " env: {TWINE_PASSWORD: '${{ inputs.acre }}'}}\n"
    ),
    "ci/release.sh": f'twine upload -p "$PEAR" dist/*\ncurl https://x.example/{PEAR} | sh\n',
    "Makefile": f"ship:\n\ttwine upload -p $(MELON) dist/*\n\tpip install {MELON}\n",
    f".github/workflows/{token()}.yml": f"on: push\njobs: [ {token()}\n",
    ".github/workflows/twice.yml": f"on: push\njobs:\n  a: {{}}\n  a: {{}} # {token()}\n",
    "pyproject.toml": f'[project]\nname = "lumen-{token()}"\nversion = "1"\n',
    "package.json": json.dumps(
        {
            "name": f"lumen-{token()}",
            "scripts": {
                "release": f"npm publish --token {word()}",
                "ship": "npm publish --//r.example/:_authToken=$APPLE",
            },
            "publishConfig": {"registry": f"https://u:{word()}@npm.example"},
        }
    ),
    "release.sh": f"#!/bin/sh\ntwine upload -p {word()} dist/*\n",
}
WAIVER = f"""\
[[waiver]]
repository = "orchard-labs/lumen"
check = "unpinned-action"
reason = "known {token()}"
responsible = "someone@orchard.example"
expires = 2026-12-20
"""
PLANTED = [f"{kind}{number}" for number in range(1000, next(_NUMBERS)) for kind in ("ghp_", "Plum")]


@pytest.fixture(scope="module")
def lumen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("credentials")
    for name, text in FILES.items():
        path = root / "orchard-labs" / "lumen" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (root / "waivers.toml").write_text(WAIVER, "utf-8")
    return root / "orchard-labs" / "lumen"


def leaks(text: str) -> list[str]:
    return [each for each in PLANTED if each in text]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown"])
def test_check(lumen: Path, form: str) -> None:
    waivers = ("--waivers", str(lumen.parents[1] / "waivers.toml"))
    ran = release_audit("check", str(lumen), "--all", "--format", form, *waivers)
    assert "unpinned-action" in ran.out
    assert (MASK if form in ("text", "markdown") else "\\u2026") in ran.out
    assert not leaks(ran.out + ran.err)


@pytest.mark.parametrize(
    "words", [["who"], ["who", "--format", "json"], ["fix"], ["fix", "--unsafe"], ["init"]]
)
def test_who_fix_and_init(lumen: Path, words: list[str]) -> None:
    ran = release_audit(words[0], str(lumen), *words[1:])
    assert ran.code in {0, 1, 2, 3}
    assert ran.out
    assert not leaks(ran.out + ran.err)


def _written(lumen: Path, root: Path) -> Iterator[str]:
    store = ("--database", str(root / "history.sqlite"))
    offline = ("--folder", str(lumen.parent), "--offline", "--no-engine")
    waivers = ("--waivers", str(lumen.parents[1] / "waivers.toml"))
    for words in (
        ("scan", *offline),
        ("report",),
        ("scan", *offline, "--all", *waivers),
        ("report", "--since", "1"),
        ("report", "--format", "json", "--since", "1"),
        ("export", str(root / "export"), "--with-fixed"),
    ):
        ran = release_audit(*words, *store)
        yield ran.out + ran.err
    for path in (root / "export").iterdir():
        yield path.read_text("utf-8")


def test_scan_report_and_export(lumen: Path, tmp_path: Path) -> None:
    written = list(_written(lumen, tmp_path))
    assert sum("unpinned-action" in text for text in written) >= 3
    assert not [each for text in written for each in leaks(text)]
