"""What an environment's expression can come to, for the runs that publish."""

from __future__ import annotations

import pytest

from audits.analysis.environment_names import Names, environment_names
from audits.analysis.environments import judged_publications
from audits.check import Example
from tests.checks.harness import repository_of

PUBLISH = """\
on: {on}
jobs:
  publish:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        target: [pypi, backup]
        empty: ['']
    environment: {name}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        if: {condition}
"""
CALLER = """\
on: {{workflow_dispatch: {{inputs: {{where: {{type: choice, options: [pypi, backup]}}}}}}}}
jobs:
  publish:
    uses: ./.github/workflows/publish.yml
    with:
      target: {given}
"""
TAGS = "{push: {tags: ['v*'], branches: [main]}}"


def names(name: str, on: str = TAGS, condition: str = "true", caller: str = "") -> Names:
    files = {".github/workflows/caller.yml": caller} if caller else {}
    path = ".github/workflows/publish.yml"
    text = PUBLISH.format(on=on, name=name, condition=condition)
    repository = repository_of(Example(name="", workflow=text, path=path, files=files))
    (publication,) = judged_publications(repository)
    return environment_names(publication)


@pytest.mark.parametrize(
    ("expression", "values", "complete", "may_be_empty"),
    [
        ("${{ 'pypi' }}", ("pypi",), True, False),
        ("${{ vars.ENVIRONMENT }}", (), False, True),
        ("${{ vars.ENVIRONMENT || 'pypi' }}", ("pypi",), False, False),
        ("${{ github.ref_name }}", (), False, False),
        ("${{ matrix.target }}", ("backup", "pypi"), True, False),
        ("${{ matrix.empty }}", (), True, True),
        ("${{ matrix.other }}", (), False, True),
        ("${{ github.ref_type == 'tag' && 'pypi' || 'test' }}", ("pypi", "test"), True, False),
        ("${{ github.ref_type == 'tag' && 'pypi' || '' }}", ("pypi",), True, True),
        ("${{ github.event_name == 'push' && 'pypi' || '' }}", ("pypi",), True, False),
        ("${{ startsWith(github.ref, 'refs/tags/') && 'pypi' }}", ("false", "pypi"), True, False),
        ("${{ inputs.target }}", (), True, True),
        ("release-${{ matrix.target }}", ("release-backup", "release-pypi"), True, False),
        ("release-${{ vars.TARGET }}", (), False, False),
        ("${{ vars.A }}${{ vars.B }}", (), False, True),
        ("${{ format('{0}', vars.A) }}", (), False, True),
        ("${{ not an expression }}", (), False, True),
    ],
)
def test_expressions(
    expression: str, values: tuple[str, ...], complete: bool, may_be_empty: bool
) -> None:
    found = names(f'"{expression}"')
    assert found == Names(values=values, complete=complete, may_be_empty=may_be_empty)


def test_runs_that_do_not_publish_do_not_count() -> None:
    expression = "${{ github.ref_type == 'tag' && 'pypi' || '' }}"
    found = names(f'"{expression}"', condition="startsWith(github.ref, 'refs/tags/')")
    assert found == Names(values=("pypi",))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("pypi", Names(values=("pypi",))),
        ("${{ inputs.where }}", Names(values=("backup", "pypi"))),
        ("${{ vars.WHERE }}", Names(values=(), complete=False, may_be_empty=True)),
    ],
)
def test_inputs_are_followed_to_the_caller(given: str, expected: Names) -> None:
    on = "{workflow_call: {inputs: {target: {type: string}}}}"
    assert names("${{ inputs.target }}", on, caller=CALLER.format(given=given)) == expected


def test_an_input_that_the_caller_leaves_out_has_its_default() -> None:
    caller = CALLER.format(given="x").replace("target:", "other:")
    on = "{workflow_call: {inputs: {target: {type: string, default: pypi}}}}"
    assert names("${{ inputs.target }}", on, caller=caller) == Names(values=("pypi",))
    on = "{workflow_call: {inputs: {target: {type: string}}}}"
    empty = Names(values=(), may_be_empty=True)
    assert names("${{ inputs.target }}", on, caller=caller) == empty
