"""Code for a second shell is found where the first one expands it, and nowhere else."""

from __future__ import annotations

import pytest

from audits.analysis.second_parsing import second_parsed
from tests.analysis.exposure.repositories import answer, exposed, job

READ_AGAIN = [
    'eval "echo $TITLE"',
    "eval echo $TITLE",
    'bash -c "echo $TITLE"',
    'bash -euo pipefail -c "x ${TITLE}"',
    '/usr/bin/bash -lc "x ${TITLE:-none}"',
    "bash -c 'eval \"$TITLE\"'",
    'docker run --rm busybox sh -c "echo $TITLE"',
    "node -e \"console.log('$TITLE')\"",
    "python3 -c \"print('$TITLE')\"",
    'perl -pe "s/name/$TITLE/" README.md',
    'iex "echo $env:TITLE"',
    'echo "$TITLE" | xargs -I{} sh -c "echo {}"',
    "printf '%s' \"$TITLE\" | xargs -I % bash -c 'echo %'",
    'echo "echo $TITLE" | sudo bash -s',
    'bash <<< "echo $TITLE"',
    "bash <<END\necho $TITLE\nEND",
    "cat <<-END | sh\n\techo $TITLE\n\tEND",
    'T="echo $TITLE"\neval "$T"',
    'TITLE="${TITLE} (new)"\neval "echo $TITLE"',
    'eval "$(jq -r .issue.title "$GITHUB_EVENT_PATH")"',
    'bash -c "$(gh issue view 1 --json title -q .title)"',
]
READ_ONCE = [
    'echo "$TITLE"',
    "bash -c 'echo \"$TITLE\"'",
    'bash -c \'echo "$1"\' _ "$TITLE"',
    'bash -c "echo \\$TITLE"',
    'bash -c "echo ${TITLE@Q}"',
    'echo "$TITLE" | xargs -n1 sh -c \'echo "$1"\' _',
    'bash greet.sh "$TITLE"',
    'echo "$TITLE" | bash greet.sh',
    'echo "$TITLE" | python -m json.tool',
    "# eval $TITLE",
    "bash <<'END'\necho $TITLE\nEND",
    "cat <<END > greeting\n$TITLE\nEND",
    'cat <<< "$TITLE"',
    'eval "$(ssh-agent -s)"',
    'eval "echo $GITHUB_SHA"',
    'git rev-parse --eval "$TITLE"',
    'bash -c "echo $(printf %q "$TITLE")"',
    'T=$(echo "$TITLE" | tr -cd 0-9)\neval "echo $T"',
]


JAVASCRIPT_READ_AGAIN = [
    "const title = context.payload.issue.title;\nexecSync(`git log --grep=${title}`);",
    "const { title } = context.payload.issue;\nrequire('child_process').execSync('echo ' + title);",
    "eval(context.payload.issue.body);",
    "child_process.exec(`echo ${process.env.TITLE}`);",
]
JAVASCRIPT_READ_ONCE = [
    "const title = context.payload.issue.title;\nexecFileSync('git', ['log', `--grep=${title}`]);",
    "execSync(`git log ${context.payload.issue.number}`);",
    "execSync('git log', { env: { TITLE: context.payload.issue.title } });",
    "// eval(context.payload.issue.body)",
    "await exec.exec('git', ['log', context.payload.issue.title]);",
]
PYTHON_READ_AGAIN = [
    "import os\nos.system(f\"echo {os.environ['TITLE']}\")",
    "title = os.getenv('TITLE')\nsubprocess.run('echo ' + title, shell=True)",
    "eval(os.environ.get('TITLE'))",
]
PYTHON_READ_ONCE = [
    "subprocess.run(['echo', os.environ['TITLE']])",
    "title = os.getenv('TITLE')\nsubprocess.run(['echo', title], shell=False)",
    "print(os.environ['TITLE'])",
    "os.system(f'echo {shlex.quote(os.environ[\"TITLE\"])}')",
    "os.system('echo ' + str(int(os.environ['TITLE'])))",
]


def indented(script: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in script.split("\n"))


def outcome(script: str) -> str:
    return of_run(script)


def of_run(script: str, shell: str = "bash") -> str:
    title = "{TITLE: '${{ github.event.issue.title }}'}"
    step = f"- env: {title}\n  shell: {shell}\n  run: |\n{indented(script, 4)}"
    return answer(exposed(job("issues", step)))


def of_javascript(script: str) -> str:
    title = "{TITLE: '${{ github.event.issue.title }}'}"
    with_ = f"  with:\n    script: |\n{indented(script, 6)}"
    return answer(
        exposed(job("issues", f"- uses: actions/github-script@v8\n  env: {title}\n{with_}"))
    )


@pytest.mark.parametrize("script", READ_AGAIN)
def test_code_of_a_second_parser_lets_an_issue_in(script: str) -> None:
    assert outcome(script) == "sure"


@pytest.mark.parametrize("script", READ_ONCE)
def test_an_argument_lets_nobody_in(script: str) -> None:
    assert outcome(script) == "none"


@pytest.mark.parametrize("script", JAVASCRIPT_READ_AGAIN)
def test_javascript_hands_code_to_a_shell(script: str) -> None:
    assert of_javascript(script) == "sure"


@pytest.mark.parametrize("script", JAVASCRIPT_READ_ONCE)
def test_javascript_hands_over_arguments(script: str) -> None:
    assert of_javascript(script) == "none"


@pytest.mark.parametrize("script", PYTHON_READ_AGAIN)
def test_python_hands_code_to_a_shell(script: str) -> None:
    assert of_run(script, "python") == "sure"


@pytest.mark.parametrize("script", PYTHON_READ_ONCE)
def test_python_hands_over_arguments(script: str) -> None:
    assert of_run(script, "python") == "none"


def test_an_expression_inside_is_left_to_the_other_fault() -> None:
    assert list(second_parsed('eval "echo ${{ github.sha }}"')) == []


def test_the_offset_is_that_of_the_first_expansion() -> None:
    script = 'echo start\nbash -c "greet $TITLE"\n'
    ((offset, _),) = second_parsed(script)
    assert script[offset:].startswith("$TITLE")
