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


def outcome(script: str) -> str:
    lines = "".join(f"    {line}\n" for line in script.split("\n"))
    step = f"- env: {{TITLE: '${{{{ github.event.issue.title }}}}'}}\n  run: |\n{lines}"
    return answer(exposed(job("issues", step)))


@pytest.mark.parametrize("script", READ_AGAIN)
def test_code_of_a_second_parser_lets_an_issue_in(script: str) -> None:
    assert outcome(script) == "sure"


@pytest.mark.parametrize("script", READ_ONCE)
def test_an_argument_lets_nobody_in(script: str) -> None:
    assert outcome(script) == "none"


def test_an_expression_inside_is_left_to_the_other_fault() -> None:
    assert list(second_parsed('eval "echo ${{ github.sha }}"')) == []


def test_the_offset_is_that_of_the_first_expansion() -> None:
    script = 'echo start\nbash -c "greet $TITLE"\n'
    ((offset, _),) = second_parsed(script)
    assert script[offset:].startswith("$TITLE")
