"""Release workflows that the examples of several checks share."""

from __future__ import annotations

from audits.check import MARK

PYPI_RELEASE = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
"""A trusted publisher in an environment."""

PYPI_RELEASE_PUBLISHED = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
"""The same for published releases only."""

PYPI_UPLOAD = """\
name: Release
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
"""
"""An upload by command, without environment and permissions."""

NPM_RELEASE = """\
on: {push: {tags: ["v*"]}}
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: npm
    permissions: {id-token: write}
    steps:
      - run: npm publish
"""
"""A trusted publisher that a tag starts."""

NPM_RELEASE_OF_CHECKOUT = NPM_RELEASE.replace(
    "    steps:\n",
    "    steps:\n"
    "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n",
)
"""The same, with the repository checked out in the publishing job."""


def marked(workflow: str, line: str) -> str:
    """The workflow with `MARK` on its one line that holds this text."""
    lines = workflow.split("\n")
    (number,) = (n for n, text in enumerate(lines) if line in text)
    lines[number] += f" {MARK}"
    return "\n".join(lines)
