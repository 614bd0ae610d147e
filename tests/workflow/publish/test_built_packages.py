"""Which packages of a monorepo a job uploads, where only the build says it."""

from __future__ import annotations

import pytest

from tests.workflow.publish.uploads import found_in, run_of


def _named(name: str) -> str:
    return f'[project]\nname = "{name}"\n'


MONOREPO = {
    "packages/one/pyproject.toml": _named("lumen-one"),
    "packages/two/pyproject.toml": _named("lumen-two"),
    "pyproject.toml": _named("lumen"),
}


@pytest.mark.parametrize(
    ("script", "packages"),
    [
        ("uv build packages/one", {"lumen-one"}),
        ("uv build --out-dir dist ./packages/one/", {"lumen-one"}),
        ("uv build --package lumen-two", {"lumen-two"}),
        ("uv --directory packages/two build -o ../../dist", {"lumen-two"}),
        ("python -m build --sdist --outdir dist packages/two", {"lumen-two"}),
        ("pyproject-build packages/one", {"lumen-one"}),
        ("pip wheel --no-deps -w dist packages/one", {"lumen-one"}),
        ("cd packages/two\nhatch build ../../dist\ncd ../..", {"lumen-two"}),
        ("python -m build packages/one\npython -m build packages/two", {"lumen-one", "lumen-two"}),
        ("python -m build", {"lumen"}),
        ("cd packages/two && python -m build -o ../../dist", {"lumen-two"}),
        ("poetry build -C packages/one", {"lumen-one"}),
        ("pdm build -p packages/one -d dist", {"lumen-one"}),
        ("uv build -p 3.12 packages/one", {"lumen-one"}),
        ("rye build --package lumen-two", {"lumen-two"}),
        ("uv build --package lumen-three", {"lumen-three"}),  # whose metadata was not read
        ("flit -f packages/two/pyproject.toml build", {"lumen-two"}),
        ("uv build --all-packages", {"lumen-one", "lumen-two", "lumen"}),
        # What is computed may be any below the root, or below its own folder.
        ('for p in packages/*; do python -m build "$p" -o dist; done', {"lumen-one", "lumen-two"}),
        ("uv build packages/${{ inputs.which }}", {"lumen-one", "lumen-two"}),
        ("uv build --package lumen-${{ inputs.which }}", {"lumen-one", "lumen-two"}),
        ("uv build $(./choose.sh)", {"lumen-one", "lumen-two"}),
        ("uv build other/${{ inputs.which }}", set()),
        # What says nothing of a package: no build, a folder that holds none.
        ("ls packages/one", set()),
        ("uv build packages/three", set()),
        ("python -m build packages/one --help", set()),
        ("echo python -m build packages/one", set()),
    ],
)
def test_a_build_says_which_package_is_uploaded(script: str, packages: set[str]) -> None:
    (found,) = found_in(run_of(f"{script}\nuv publish dist/*"), MONOREPO)
    assert set(found.packages) == packages


SPLIT = """
on: {push: {tags: ["v*"]}}
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {package: [one, two]}}
    steps:
      - run: python -m build packages/${{ matrix.package }}
  test:
    runs-on: ubuntu-latest
    steps:
      - run: python -m build
  publish:
    needs: [build]
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def test_the_root_is_uploaded_from_a_checkout_where_no_build_names_another_package() -> None:
    text = run_of("uv build packages/one\nuv publish").replace(
        "    steps:\n", "    steps:\n      - uses: actions/checkout@v4\n"
    )
    assert [p.packages for p in found_in(text, MONOREPO)] == [("lumen-one",)]
    unbuilt = text.replace("uv build packages/one", "ls")
    assert [p.packages for p in found_in(unbuilt, MONOREPO)] == [("lumen",)]


def test_the_job_that_hands_the_package_over_says_it_and_no_other() -> None:
    (found,) = found_in(SPLIT, MONOREPO)
    assert set(found.packages) == {"lumen-one", "lumen-two"}
