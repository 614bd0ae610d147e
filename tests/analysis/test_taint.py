"""Values are followed through outputs, variables, actions and calls, or said not to be."""

from __future__ import annotations

import pytest

from audits.analysis.taint import Trace, Tracer
from audits.analysis.untrusted_inputs import Setter
from audits.check import Example
from audits.expressions.syntax import contexts
from audits.model.repository import Repository
from tests.analysis.test_conditions import UPLOAD
from tests.checks.harness import repository_of

ANYONE, WRITER = Setter.OUTSIDER, Setter.WRITER
TITLE = "${{ github.event.issue.title }}"


def traced(repo: Repository) -> Trace:
    """What becomes of the value in the one step named ``last``."""
    for site in repo.steps():
        if site.step.name is not None and site.step.name.value == "last":
            assert site.step.run is not None
            (context,) = contexts(site.step.run.value)
            return Tracer(repo, site).trace(context)
    raise AssertionError("no such step")


def release(steps: str, last: str, on: str = "issue_comment", job: str = "", **files: str) -> Trace:
    indented = "\n".join(f"      {line}" for line in steps.split("\n") if line.strip())
    text = f"""\
on: {on}
jobs:
  publish:
    runs-on: ubuntu-latest
    {job}
    steps:
{indented}
      - name: last
        run: echo "${{{{ {last} }}}}"
      - uses: {UPLOAD}
"""
    paths = {"action": ".github/actions/say/action.yml", "callee": ".github/workflows/callee.yml"}
    others = {paths[name]: held for name, held in files.items()}
    return traced(repository_of(Example(name="", workflow=text, files=others)))


def printed(script: str, env: str = "", language: str = "bash") -> str:
    lines = "\n".join(f"    {line}" for line in script.split("\n"))
    return f"- id: x\n  shell: {language}\n  env: {{{env}}}\n  run: |\n{lines}"


TO = '>> "$GITHUB_OUTPUT"'
SCRIPTS = [
    # what a script prints, by who sets it
    (f"echo 'v={TITLE}' {TO}", "", ANYONE),
    (f"echo v=$TITLE {TO}", f'TITLE: "{TITLE}"', ANYONE),
    (f'T="{TITLE}"\necho "v=${{T}}" {TO}', "", ANYONE),
    (f'export T=$(gh issue view 1 --json title -q .title)\necho "v=$T" {TO}', "", ANYONE),
    (f'echo "v=$(gh pr view $N --json headRefName -q .headRefName)" {TO}', "N: 1", ANYONE),
    (f'echo "v=$(gh pr view 1 --json title,number)" {TO}', "", ANYONE),
    (f'echo "v=$(gh api repos/o/r/pulls/1 --jq .head.ref)" {TO}', "", ANYONE),
    (f'echo "v=$(jq -r .issue.title "$GITHUB_EVENT_PATH")" {TO}', "", ANYONE),
    (f'echo "v=$(cat $GITHUB_EVENT_PATH | jq -r .comment.body | head -1)" {TO}', "", ANYONE),
    (
        f'{{\n  echo "v<<EOF"\n  gh issue view 1 --json body -q .body\n  echo EOF\n}} {TO}',
        "",
        ANYONE,
    ),
    (f"cat <<END {TO}\nv=$TITLE\nEND", f'TITLE: "{TITLE}"', ANYONE),
    (f'printf "v=%s\\n" "$TITLE" {TO}', f'TITLE: "{TITLE}"', ANYONE),
    ('echo "::set-output name=v::$TITLE"', f'TITLE: "{TITLE}"', ANYONE),
    ('echo "v=$TITLE" | tee -a "$GITHUB_OUTPUT"', f'TITLE: "{TITLE}"', ANYONE),
    (f'echo "v=$(git diff --name-only HEAD~1 | tr "\\n" " ")" {TO}', "", ANYONE),
    (f'if true; then\n  echo "v=$(gh pr list --json title)" {TO}\nfi', "", ANYONE),
    (f'echo "v=$(git describe --tags)" {TO}', "", WRITER),
    # numbers, hashes, narrowed values, and what the repository itself says
    (f'echo "v=$(gh pr view 1 --json headRefOid -q .headRefOid)" {TO}', "", None),
    (f'echo "v=$(gh api repos/o/r/pulls/1 --jq .head.sha)" {TO}', "", None),
    (f"echo \"v=$(echo '{TITLE}' | tr -cd '[:alnum:]')\" {TO}", "", None),
    (f'echo "v=$(echo $TITLE | sha256sum)" {TO}', f'TITLE: "{TITLE}"', None),
    (f'echo "v=${{TITLE//[^a-z]/}}" {TO}', f'TITLE: "{TITLE}"', None),
    (f'echo "v=${{#TITLE}}" {TO}', f'TITLE: "{TITLE}"', None),
    (f'echo "v=$(date +%s)" {TO}', "", None),
    (f'echo "v=$(git rev-parse HEAD)" {TO}', "", None),
    (f'echo "v=1.2.3" {TO}\necho "w={TITLE}" {TO}', "", None),
    (f'echo "v=$GITHUB_SHA" {TO}', "", None),
    (f'echo "v=$(poetry version -s)" {TO}', "", None),
    (f'echo "$TITLE"\necho v=ok {TO}', f'TITLE: "{TITLE}"', None),
    (f'echo "v=$(gh api repos/o/r/collaborators/x/permission --jq .permission)" {TO}', "", None),
    (f'if [ "$TITLE" = release ]; then echo v=true {TO}; fi', f'TITLE: "{TITLE}"', None),
]


@pytest.mark.parametrize(("script", "env", "setter"), SCRIPTS)
def test_what_a_script_prints(script: str, env: str, setter: Setter | None) -> None:
    found = release(printed(script, env), "steps.x.outputs.v")
    assert (found.taint.setter if found.taint else None) == setter
    assert found.untraced == ()


@pytest.mark.parametrize(
    "script",
    [
        "./tell.sh",
        f"echo v=$(./tell.sh) {TO}",
        f"echo v=$(curl -s https://tell.example) {TO}",
        f"for f in a b; do echo v=$f {TO}; done",
        f"echo v=$1 {TO}",
        f"echo v=$(cat version.txt) {TO}",
    ],
)
def test_what_is_not_followed_is_reported(script: str) -> None:
    found = release(printed(script), "steps.x.outputs.v")
    assert found.taint is None
    assert found.untraced


def test_a_script_in_another_language_is_not_followed() -> None:
    script = "require('fs').appendFileSync(process.env.GITHUB_OUTPUT, 'v=1')"
    assert release(printed(script, language="node"), "steps.x.outputs.v").untraced


OPENED = "with open(os.environ['GITHUB_OUTPUT'], 'a') as file:\n    "


@pytest.mark.parametrize(
    ("script", "setter", "followed"),
    [
        (OPENED + "file.write(f\"v={os.environ['TITLE']}\\n\")", ANYONE, True),
        ("title = os.getenv('TITLE')\n" + OPENED + "print('v=' + title, file=file)", ANYONE, True),
        (OPENED + "print('v=%s' % os.environ.get('TITLE', ''), file=file)", ANYONE, True),
        (OPENED + f"file.write('v={TITLE}')", ANYONE, True),
        (OPENED + "print('v=1', file=file)", None, True),
        (OPENED + "print(f\"v={int(os.environ['TITLE'])}\", file=file)", None, True),
        (OPENED + "print(f\"w={os.environ['TITLE']}\\nv=1\", file=file)", None, False),
        (OPENED + "print(f'v={requests.get(url).text}', file=file)", None, False),
        ("write_all(os.environ['GITHUB_OUTPUT'])", None, False),
    ],
)
def test_what_a_python_script_prints(script: str, setter: Setter | None, followed: bool) -> None:
    given = printed(script, f'TITLE: "{TITLE}"', language="python")
    found = release(given, "steps.x.outputs.v")
    assert (found.taint.setter if found.taint else None) == setter
    assert (found.untraced == ()) is followed


@pytest.mark.parametrize(
    ("script", "setter"),
    [
        ("const { title } = context.payload.issue; core.setOutput('v', title);", ANYONE),
        ("const { title: t, number } = context.payload.issue; core.setOutput('v', t);", ANYONE),
        ("const { number } = context.payload.issue; core.setOutput('v', number);", None),
    ],
)
def test_a_payload_that_is_taken_apart(script: str, setter: Setter | None) -> None:
    step = f'- id: x\n  uses: actions/github-script@v8\n  with: {{script: "{script}"}}'
    found = release(step, "steps.x.outputs.v")
    assert (found.taint.setter if found.taint else None) == setter


@pytest.mark.parametrize(
    ("step", "output", "setter", "followed"),
    [
        ("tj-actions/changed-files@v47", "all_changed_files", ANYONE, True),
        ("tj-actions/changed-files@v47", "any_changed", ANYONE, True),
        ("dorny/paths-filter@v3", "src_files", ANYONE, True),
        ("dorny/paths-filter@v3", "src", None, True),
        ("xt0rted/pull-request-comment-branch@v3", "head_ref", ANYONE, True),
        ("peter-evans/find-comment@v3", "comment-body", ANYONE, True),
        ("orhun/git-cliff-action@v4", "content", ANYONE, True),
        ("actions/cache@v4", "cache-hit", None, True),
        ("docker/metadata-action@v5", "tags", None, True),
        ("acme/what@v1", "text", None, False),
    ],
)
def test_outputs_of_actions(step: str, output: str, setter: Setter | None, followed: bool) -> None:
    found = release(f"- id: x\n  uses: {step}", f"steps.x.outputs.{output}")
    assert (found.taint.setter if found.taint else None) == setter
    assert (found.untraced == ()) is followed


@pytest.mark.parametrize(
    ("script", "setter", "followed"),
    [
        ("core.setOutput('v', context.payload.issue.title)", ANYONE, True),
        ("const t = context.payload.comment.body\ncore.setOutput('v', t.trim())", ANYONE, True),
        ("core.setOutput('v', context.payload.issue.number)", None, True),
        ("core.setOutput('v', 'yes')", None, True),
        ("core.setOutput('v', await find())", None, False),
    ],
)
def test_outputs_of_a_javascript(script: str, setter: Setter | None, followed: bool) -> None:
    lines = "\n".join(f"      {line}" for line in script.split("\n"))
    step = f"- id: x\n  uses: actions/github-script@v8\n  with:\n    script: |\n{lines}"
    found = release(step, "steps.x.outputs.v")
    assert (found.taint.setter if found.taint else None) == setter
    assert (found.untraced == ()) is followed


def test_variables_of_later_steps() -> None:
    step = f'- run: echo "T={TITLE}" >> $GITHUB_ENV'
    found = release(step, "env.T").taint
    assert found is not None
    assert found.setter is ANYONE
    assert release(step, "env.OTHER") == Trace()
    again = "- run: echo v=$T >> $GITHUB_OUTPUT\n  id: x"
    found = release(f"{step}\n{again}", "steps.x.outputs.v").taint
    assert found is not None
    assert found.setter is ANYONE


ACTION = """\
inputs: {text: {required: true}, number: {default: '1'}}
outputs:
  said: {value: "${{ steps.say.outputs.v }}"}
  given: {value: "${{ inputs.text }}"}
  plain: {value: "${{ inputs.number }}"}
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      env: {TEXT: "${{ inputs.text }}"}
      run: echo "v=$TEXT" >> "$GITHUB_OUTPUT"
"""


@pytest.mark.parametrize(
    ("output", "setter"), [("said", ANYONE), ("given", ANYONE), ("plain", None)]
)
def test_outputs_of_a_composite_action(output: str, setter: Setter | None) -> None:
    step = f'- id: x\n  uses: ./.github/actions/say\n  with: {{text: "{TITLE}"}}'
    found = release(step, f"steps.x.outputs.{output}", action=ACTION)
    assert found == Trace() if setter is None else found.taint


def test_inside_a_composite_action_that_another_one_uses() -> None:
    inner = """\
inputs: {x: {}}
runs:
  using: composite
  steps:
    - name: last
      shell: bash
      run: echo "${{ inputs.x }}"
"""
    outer = """\
inputs: {y: {}}
runs: {using: composite, steps: [{uses: ./inner, with: {x: "${{ inputs.y }}"}}]}
"""
    for given, setter in ((TITLE, ANYONE), ("${{ github.event.issue.number }}", None)):
        text = f"""\
on: issues
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - {{uses: ./outer, with: {{y: "{given}"}}}}
      - uses: {UPLOAD}
"""
        files = {"inner/action.yml": inner, "outer/action.yml": outer}
        found = traced(repository_of(Example(name="", workflow=text, files=files)))
        assert (found.taint.setter if found.taint else None) == setter


CALLEE = """\
on:
  workflow_call:
    inputs: {text: {type: string}}
    outputs:
      said: {value: "${{ jobs.work.outputs.v }}"}
      given: {value: "${{ inputs.text }}"}
      sha: {value: "${{ github.sha }}"}
jobs:
  work:
    runs-on: ubuntu-latest
    outputs: {v: "${{ steps.s.outputs.v }}"}
    steps:
      - id: s
        run: echo "v=${{ inputs.text }}" >> $GITHUB_OUTPUT
"""


@pytest.mark.parametrize(
    ("last", "setter"),
    [
        ("needs.call.outputs.said", ANYONE),
        ("needs.call.outputs.given", ANYONE),
        ("needs.call.outputs.sha", None),
        ("matrix.n", ANYONE),
        ("matrix.other", ANYONE),
    ],
)
def test_outputs_of_a_called_workflow_and_a_matrix(last: str, setter: Setter | None) -> None:
    text = f"""\
on: issues
jobs:
  call:
    uses: ./.github/workflows/callee.yml
    with: {{text: "{TITLE}"}}
  publish:
    needs: call
    runs-on: ubuntu-latest
    strategy:
      matrix:
        n: "${{{{ fromJSON(needs.call.outputs.said) }}}}"
        include: "${{{{ fromJSON(needs.call.outputs.given) }}}}"
    steps:
      - name: last
        run: echo "${{{{ {last} }}}}"
      - uses: {UPLOAD}
"""
    files = {".github/workflows/callee.yml": CALLEE}
    found = traced(repository_of(Example(name="", workflow=text, files=files)))
    assert (found.taint.setter if found.taint else None) == setter
    assert found.untraced == ()


def test_an_unread_workflow_is_not_followed() -> None:
    text = f"""\
on: issues
jobs:
  call: {{uses: acme/tools/.github/workflows/find.yml@v1}}
  publish:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - {{name: last, run: 'echo ${{{{ needs.call.outputs.said }}}}'}}
      - uses: {UPLOAD}
"""
    assert traced(repository_of(Example(name="", workflow=text))).untraced


@pytest.mark.parametrize(
    ("on", "job", "setter"),
    [
        ("issue_comment", "", ANYONE),
        ("issue_comment", "if: github.event.comment.author_association == 'CONTRIBUTOR'", ANYONE),
        ("issue_comment", "if: github.event.comment.author_association == 'OWNER'", WRITER),
        ("{issues: {types: [labeled]}}", "", WRITER),
        ("issues", "if: github.event.label.name == 'go'", WRITER),
        ("release", "", None),
    ],
)
def test_who_starts_the_run_counts(on: str, job: str, setter: Setter | None) -> None:
    found = release("", "github.event.issue.title", on, job)
    assert (found.taint.setter if found.taint else None) == setter
