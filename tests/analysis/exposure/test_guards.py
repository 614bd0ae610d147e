"""Guards of ways in: those that hold, beside look-alikes that do not, in all places they stand."""

from __future__ import annotations

import pytest

from audits.model.settings import EnvironmentSettings, RepositorySettings
from tests.analysis.exposure.repositories import OLD_CHECKOUT, answer, exposed, job

COMMENT = "{issue_comment: {types: [created]}}"
TARGET = "pull_request_target"
BUILDS = (
    "- run: gh pr checkout $N && make\n"
    "  env: {N: '${{ github.event.issue.number }}', GH_TOKEN: '${{ github.token }}'}\n"
)
HEAD = (
    f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
    "- run: make\n"
)
STRANGER = "github.event.comment.author_association != 'OWNER'"
STOPS = f"- if: {STRANGER}\n  run: |\n    echo 'owners only, if you please'\n    exit 1\n"
ASKED = "{A: '${{ github.event.comment.author_association }}'}"
NAMED = "{WHO: '${{ github.event.comment.user.login }}'}"


def after(condition: str, before: str, steps: str, event: str = COMMENT, more: str = "") -> str:
    """A workflow of two jobs, the second of which waits for the first."""
    first = "".join(f"      {line}\n" for line in before.strip("\n").splitlines())
    second = "".join(f"      {line}\n" for line in steps.strip("\n").splitlines())
    waits = f"    if: {condition}\n" if condition else ""
    return (
        f"on: {event}\npermissions: {{contents: write}}\njobs:\n  gate:\n"
        f"    runs-on: ubuntu-24.04\n{more}    steps:\n{first}"
        f"  act:\n    needs: gate\n{waits}    runs-on: ubuntu-24.04\n    steps:\n{second}"
    )


STEPS = [
    ("a step fails for strangers", "none", STOPS),
    ("it fails for newcomers alone", "sure", STOPS.replace("!= 'OWNER'", "== 'NONE'")),
    (
        "its failure is ignored",
        "sure",
        STOPS.replace("  run:", "  continue-on-error: true\n  run:"),
    ),
    ("it says so and goes on", "sure", STOPS.replace("exit 1", "exit 0")),
    ("it may be left before", "sure", STOPS.replace("    exit 1", "    exit 0\n    exit 1")),
    ("it fails where a file is missing", "sure", STOPS.replace("exit 1", "[ -f go ] || exit 1")),
    (
        "it fails in a branch of the script",
        "sure",
        STOPS.replace("exit 1", "if false; then exit 1; fi"),
    ),
    (
        "it writes a script that fails",
        "sure",
        STOPS.replace("exit 1", "cat > x <<END\n    exit 1\n    END"),
    ),
    (
        "a script of an action fails",
        "none",
        f"- if: {STRANGER}\n  uses: actions/github-script@v8\n  with: {{script: core.setFailed('why not?')}}\n",
    ),
    (
        "or fails perhaps",
        "sure",
        f"- if: {STRANGER}\n  uses: actions/github-script@v8\n  with: {{script: \"if (late()) core.setFailed('x')\"}}\n",
    ),
    (
        "an output of a script decides",
        "perhaps",
        "- {id: a, run: ./ask}\n- if: steps.a.outputs.ok != 'yes'\n  run: exit 1\n",
    ),
    (
        "the script asks for the association",
        "perhaps",
        f"- run: 'case $A in OWNER) ;; *) exit 1;; esac'\n  env: {ASKED}\n",
    ),
    (
        "the script asks for the name",
        "perhaps",
        f"- run: 'if [ \"$WHO\" != mira ]; then exit 1; fi'\n  env: {NAMED}\n",
    ),
    (
        "whoever comments chooses what decides",
        "sure",
        "- if: github.event.comment.body != '/build'\n  run: exit 1\n",
    ),
    (
        "another program takes over before",
        "sure",
        STOPS.replace("    exit", "    exec x\n    exit"),
    ),
    (
        "what fails is ignored",
        "sure",
        STOPS.replace("    exit 1", "    set +o errexit\n    false\n    true"),
    ),
    (
        "a group fails, and something else is done",
        "sure",
        STOPS.replace("    exit 1", "    (\n      exit 1\n    ) || echo no"),
    ),
    ("the line goes on", "sure", STOPS.replace("    exit", "    echo never \\\n    exit")),
    ("a quote is escaped", "none", STOPS.replace("owners only, if", "don'\\''t try")),
    (
        "a script of an action fails unless something holds",
        "sure",
        f"- if: {STRANGER}\n  uses: actions/github-script@v8\n  with: {{script: early() || core.setFailed('x')}}\n",
    ),
    ("the name is thanked only", "sure", f"- run: 'echo \"thanks, $WHO\"'\n  env: {NAMED}\n"),
]


@pytest.mark.parametrize(
    ("expected", "steps"),
    [pytest.param(expected, steps, id=name) for name, expected, steps in STEPS],
)
def test_steps_that_end_a_job(expected: str, steps: str) -> None:
    assert answer(exposed(job(COMMENT, steps + BUILDS))) == expected
    assert answer(exposed(after("", steps, BUILDS))) == expected


@pytest.mark.parametrize(
    ("expected", "outer", "inner"),
    [
        ("none", "", ""),
        ("sure", "", "if: inputs.strict"),
        ("sure", "", "continue-on-error: true"),
        ("sure", "if: inputs.strict", ""),
        ("sure", "if: github.actor == 'mira'", ""),
        ("sure", "continue-on-error: true", ""),
    ],
)
def test_a_step_of_an_action_of_the_repository(expected: str, outer: str, inner: str) -> None:
    def action(step: str, more: str) -> str:
        runs = f"name: x\nruns:\n  using: composite\n  steps:\n    - {step}\n"
        return f"{runs}      {more}\n" if more else runs

    files = {
        "gate/action.yml": action("uses: ./stop", outer),
        "stop/action.yml": action("run: exit 1\n      shell: bash", inner),
    }
    steps = "- uses: ./gate\n" + BUILDS
    assert answer(exposed(job(COMMENT, steps), files=files)) == expected


def test_what_runs_whatever_failed_is_not_guarded() -> None:
    anyway = BUILDS.replace("- run", "- if: ${{ !cancelled() }}\n  run")
    assert answer(exposed(job(COMMENT, STOPS + anyway))) == "sure"
    succeeded = BUILDS.replace("- run", "- if: success()\n  run")
    assert answer(exposed(job(COMMENT, STOPS + succeeded))) == "none"


@pytest.mark.parametrize(
    ("expected", "condition"),
    [
        ("none", "success()"),
        ("sure", "always()"),
        ("sure", "failure()"),
        ("none", "always() && needs.gate.result == 'success'"),
        ("none", "always() && !contains(needs.*.result, 'failure')"),
        ("sure", "always() && needs.gate.result != 'skipped'"),
    ],
)
def test_a_job_after_one_that_fails(expected: str, condition: str) -> None:
    assert answer(exposed(after(condition, STOPS, BUILDS))) == expected


ASKS_FOR_FORK = (
    'gh pr view "$N" --json isCrossRepository -q .isCrossRepository | grep -q false || exit 1',
    'test "$(gh pr view "$N" --json headRepositoryOwner -q .x)" == orchard || exit 1',
)


@pytest.mark.parametrize("script", ASKS_FOR_FORK)
def test_a_script_that_asks_where_the_code_is_from(script: str) -> None:
    step = f"- run: |\n    {script}\n  env: {{N: '${{{{ github.event.issue.number }}}}'}}\n"
    assert answer(exposed(job(COMMENT, step + BUILDS))) == "perhaps"


@pytest.mark.parametrize(
    ("expected", "before"),
    [
        ("none", "- uses: dependabot/fetch-metadata@v2"),
        ("sure", "- uses: dependabot/fetch-metadata@v2\n  if: github.actor == 'dependabot[bot]'"),
        ("sure", "- uses: dependabot/fetch-metadata@v2\n  continue-on-error: true"),
    ],
)
def test_an_action_that_refuses_in_the_job_above(expected: str, before: str) -> None:
    assert answer(exposed(after("", before, HEAD, TARGET))) == expected


def _protected(name: str, reviewers: int) -> RepositorySettings:
    environment = EnvironmentSettings(
        name=name, reviewers=reviewers, prevent_self_review=True, admins_can_bypass=False
    )
    return RepositorySettings.partial(environment, NPM)


NPM = EnvironmentSettings(name="npm", reviewers=0)
CHOICE = (
    "${{ github.event.pull_request.head.repo.full_name == github.repository && 'own' || '%s' }}"
)


@pytest.mark.parametrize(
    ("expected", "environment", "settings"),
    [
        ("perhaps", "outside", None),
        ("none", "outside", _protected("outside", 1)),
        ("sure", "outside", _protected("outside", 0)),
        ("perhaps", CHOICE % "outside", None),
        ("none", CHOICE % "outside", _protected("outside", 1)),
        ("sure", CHOICE % "", None),
        ("sure", CHOICE % "outside", _protected("own", 1)),
    ],
)
def test_an_environment_that_approves(
    expected: str, environment: str, settings: RepositorySettings | None
) -> None:
    gate = f"    environment: {environment}\n"
    above = after("", "- run: echo go", HEAD, TARGET, gate)
    own = job(TARGET, HEAD, more=gate.strip())
    assert answer(exposed(own, settings=settings)) == expected
    assert answer(exposed(above, settings=settings)) == expected


def test_an_environment_of_a_job_that_nobody_waits_for() -> None:
    beside = after("", "- run: echo go", HEAD, TARGET, "    environment: outside\n")
    assert answer(exposed(beside.replace("    needs: gate\n", ""))) == "sure"


@pytest.mark.parametrize(
    ("expected", "condition"),
    [
        ("perhaps", "contains(fromJSON(vars.MAINTAINERS), github.actor)"),
        ("perhaps", "vars.BUILDS == 'on'"),
        ("sure", "vars.BUILDS == 'on' || github.event.issue.locked == false"),
        ("none", "vars.BUILDS == 'on' && github.actor == 'mira'"),
    ],
)
def test_a_variable_of_the_repository_is_not_seen(expected: str, condition: str) -> None:
    assert answer(exposed(job(COMMENT, BUILDS, more=f"if: {condition}"))) == expected
