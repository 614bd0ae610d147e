"""What takes a pull request's code, and what runs it, beside look-alikes that do not."""

from __future__ import annotations

import pytest

from audits.model.exposure import Actor
from tests.analysis.exposure.repositories import (
    CHECKOUT,
    OLD_CHECKOUT,
    RELEASE,
    answer,
    exposed,
    job,
)

TARGET = "pull_request_target"
BOTH = "{push: {branches: [main]}, pull_request_target: {types: [opened]}}"
OWN = "github.event.pull_request.head.repo.full_name == github.repository"
BESIDE = (
    f"- uses: {CHECKOUT}\n- uses: {OLD_CHECKOUT}\n"
    "  with: {ref: '${{ github.event.pull_request.head.sha }}', path: theirs}\n"
)


def head(ref: str = "${{ github.event.pull_request.head.sha }}") -> str:
    return f'- uses: {OLD_CHECKOUT}\n  with: {{ref: "{ref}"}}\n'


SHA = "${{ github.event.pull_request.head.sha }}"
ADDRESSES = {
    "RAW": f"raw.example/orchard/lumen/{SHA}",
    "API": f"api.example/repos/orchard/lumen/contents/run.sh?ref={SHA}",
    "OWN": "raw.example/orchard/lumen/main",
}
RUNS = [
    ("a version is printed from JSON", "none", "node -p 'require(\"./package.json\").version'"),
    ("a module of theirs is loaded", "sure", "node -e 'require(\"./tools/size.js\").go()'"),
    ("a module of Node's is", "none", "node -e 'console.log(require(\"os\").cpus())'"),
    ("their package is imported", "sure", "python -c 'import lumen; print(lumen.__version__)'"),
    ("a part of it is", "sure", "python3 -c 'from lumen import about'"),
    ("not from the current folder", "none", "python3 -I -c 'import lumen'"),
    ("Python's own is imported", "none", "python -c 'import platform; print(platform.node())'"),
    ("nothing is imported", "none", "python -c 'print(1 + 1)'"),
    ("a profile of theirs is read", "sure", "Rscript -e 'rmarkdown::render(1)'"),
    ("no profile is", "none", "Rscript --vanilla -e 'print(1)'"),
    ("a project of theirs is used", "sure", "julia --project=. -e 'using Pkg; Pkg.test()'"),
    ("files that are found are run", "sure", "find t -name '*.t' | xargs -n1 perl"),
    ("files that are found are counted", "none", "find t -name '*.t' | xargs wc -l"),
    ("a checker takes plug-ins of theirs", "sure", "mypy ."),
    ("a checker takes none", "none", "black --check ."),
    ("a task of theirs", "sure", "pixi run check"),
    ("settings of theirs for TeX", "sure", "latexmk -pdf paper.tex"),
    ("tests of theirs in Dart", "sure", "flutter test"),
    ("a package of theirs in R", "sure", "R CMD INSTALL ."),
    ("a rock of theirs", "sure", "luarocks make"),
    ("a script is only read", "none", "bash -n release.sh"),
    ("and so is one of Node's", "none", "node --check index.js"),
    ("a script of theirs is loaded and run", "sure", "curl -s $RAW/run.sh | bash"),
    ("through another program", "sure", "gh api $API -q .content | base64 -d | sh"),
    (
        "kept under a name first",
        "sure",
        "curl -so /dev/null x; curl -so r.py $RAW/r.py; python r.py",
    ),
    ("a list of theirs is loaded and read", "none", "curl -s $RAW/list.json | jq .version"),
    ("one of the project's own is run", "none", "curl -s $OWN/run.sh | bash"),
]


@pytest.mark.parametrize(
    ("expected", "command"), [pytest.param(expected, run, id=name) for name, expected, run in RUNS]
)
def test_code_that_is_given_as_an_argument(expected: str, command: str) -> None:
    step = f"- run: |\n    {command}\n  env:\n" + "".join(
        f"    {name}: 'https://{place}'\n" for name, place in ADDRESSES.items()
    )
    before = f"- uses: {CHECKOUT}\n" if "$" in command else head()
    assert answer(exposed(job(TARGET, before + step))) == expected


@pytest.mark.parametrize(
    ("expected", "ref"),
    [
        ("sure", "${{ format('refs/pull/{0}/merge', github.event.number) }}"),
        ("none", "${{ format('refs/heads/{0}', github.base_ref) }}"),
        ("sure", "${{ github.event.pull_request.head.sha || github.sha }}"),
        (
            "sure",
            "${{ github.event_name == 'pull_request_target' && github.event.pull_request.head.sha || github.ref }}",
        ),
        (
            "none",
            "${{ github.event_name == 'pull_request' && github.event.pull_request.head.sha || github.ref }}",
        ),
        ("none", "${{ github.event.pull_request.head.sha != '' && 'main' || 'next' }}"),
        (
            "none",
            "${{ github.event.pull_request.head.repo.fork && github.sha || github.event.pull_request.head.sha }}",
        ),
    ],
)
def test_refs_that_an_expression_chooses(expected: str, ref: str) -> None:
    assert answer(exposed(job(BOTH, head(ref) + "- run: make"))) == expected


def test_a_checkout_that_does_not_run_for_them_changes_nothing() -> None:
    back = f"- if: {OWN}\n  uses: {OLD_CHECKOUT}\n"
    assert answer(exposed(job(TARGET, head() + back + "- run: make"))) == "sure"
    always = f"- uses: {OLD_CHECKOUT}\n"
    assert answer(exposed(job(TARGET, head() + always + "- run: make"))) == "none"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", "cp -r theirs/. . && npm ci"),
        ("sure", "rsync -a theirs/ work/ && make -C work"),
        ("sure", "mv theirs/* ."),
        ("none", "cp theirs/docs/data.json site/data.json && npm ci"),
        ("none", "cp -r theirs /srv/seen && npm ci"),
    ],
)
def test_a_whole_checkout_that_is_copied(expected: str, command: str) -> None:
    steps = f"{BESIDE}- run: |\n    {command}\n"
    if command.startswith("mv"):
        steps += "- run: npm test\n"
    assert answer(exposed(job(TARGET, steps))) == expected


RUN = "{workflow_run: {workflows: [CI], types: [completed]}}"
TOKEN = "  env: {GH_TOKEN: '${{ github.token }}'}\n"


@pytest.mark.parametrize(
    ("expected", "then"), [("sure", "sh tool/start"), ("none", "wc -l tool/report.txt")]
)
def test_an_artifact_that_the_same_script_downloads(expected: str, then: str) -> None:
    script = f"- run: |\n    gh run download ${{{{ github.event.workflow_run.id }}}} -D tool\n    {then}\n"
    assert answer(exposed(job(RUN, script + TOKEN))) == expected


def test_a_merge_by_an_address_with_an_expression() -> None:
    merge = "- run: gh api -X PUT repos/a/b/pulls/${{ github.event.number }}/%s\n" + TOKEN
    rights = "contents: write, pull-requests: write"
    assert answer(exposed(job(TARGET, merge % "merge", rights=rights))) == "sure"
    assert answer(exposed(job(TARGET, merge % "reviews", rights=rights))) == "none"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", 'docker run --rm -v "$PWD:/src" -w /src node:22 npm test'),
        ("sure", "docker run -v ${{ github.workspace }}:/w image sh -c 'cd /w && make'"),
        ("sure", 'docker run -v "${PWD}/:/w" --ipc host node:22 npm run build -- --doc x'),
        ("sure", "docker run -v .:/w --entrypoint /bin/sh image -ec 'make'"),
        ("sure", "docker run -v .:/w -e CI=1 --entrypoint make image all"),
        ("sure", "podman run --mount type=bind,source=.,target=/w image ./w/build.sh"),
        ("none", 'docker run --rm -v "$PWD:/src" hadolint/hadolint hadolint /src/Dockerfile'),
        ("none", "docker run -v .:/w --entrypoint wc image -c make"),
        ("none", "docker run --rm -v /srv/seen:/src node:22 npm test"),
        ("none", "docker run --rm node:22 npm test"),
    ],
)
def test_their_tree_in_a_container(expected: str, command: str) -> None:
    step = f"- run: |\n    {command}\n"
    assert answer(exposed(job(TARGET, head() + step))) == expected


def test_settings_of_theirs_may_load_code() -> None:
    lint = "- run: npx eslint --config %s src\n"
    assert answer(exposed(job(TARGET, BESIDE + lint % "theirs/eslint.config.js"))) == "sure"
    assert answer(exposed(job(TARGET, BESIDE + lint % "eslint.config.js"))) == "none"


COMMENT = "issue_comment"
BODY = "${{ github.event.comment.body }}"
AFTER = "- run: make\n"


@pytest.mark.parametrize(
    ("expected", "step"),
    [
        ("perhaps", 'echo "SAID=$B" >> "$GITHUB_ENV"'),
        ("none", 'echo SAID=$B >> "$GITHUB_ENV"'),
        ("none", 'echo "SAID=$(echo "$B" | head -n 1)" >> $GITHUB_ENV'),
        ("perhaps", '{\n    echo "SAID<<EOF"\n    echo "$B"\n    echo EOF\n    } >> $GITHUB_ENV'),
        ("none", 'echo "SAID=$B" >> "$GITHUB_OUTPUT"'),
    ],
)
def test_lines_that_become_variables(expected: str, step: str) -> None:
    script = f"- run: |\n    {step}\n  env: {{B: '{BODY}'}}\n"
    assert answer(exposed(job(COMMENT, script + AFTER))) == expected
    assert answer(exposed(job(COMMENT, script))) == "none"


def test_a_title_has_one_line() -> None:
    script = (
        "- run: echo \"SAID=$T\" >> $GITHUB_ENV\n  env: {T: '${{ github.event.issue.title }}'}\n"
    )
    assert answer(exposed(job("issues", script + AFTER))) == "none"


@pytest.mark.parametrize(
    ("expected", "asked", "answered"),
    [
        ("sure", "${{ github.event.issue.body }}", "'${{ steps.m.outputs.response }}'"),
        ("none", "a joke", "'${{ steps.m.outputs.response }}'"),
        ("none", "${{ github.event.issue.body }}", '"$R"'),
        ("none", "${{ github.event.issue.body }}", "'${{ steps.m.outputs.response-file }}'"),
    ],
)
def test_what_a_model_answers_is_theirs_who_asked(expected: str, asked: str, answered: str) -> None:
    steps = (
        f"- id: m\n  uses: actions/ai-inference@v1\n  with: {{prompt: 'Sum up {asked}'}}\n"
        f"- run: gh issue comment 1 -b {answered}\n"
        "  env: {R: '${{ steps.m.outputs.response }}'}\n"
    )
    assert answer(exposed(job("issues", steps))) == expected


MACHINE = RELEASE.replace("    runs-on: ubuntu-24.04", "    runs-on: [self-hosted, linux]", 1)
CHOSEN = "${{ github.event_name == 'pull_request' && '%s' || '%s' }}"


@pytest.mark.parametrize(
    ("expected", "runs_on", "more"),
    [
        ("sure", "${{ matrix.os }}", "strategy: {matrix: {os: [ubuntu-24.04, self-hosted]}}"),
        ("none", "${{ matrix.os }}", "strategy: {matrix: {os: [ubuntu-24.04, macos-15]}}"),
        ("sure", CHOSEN % ("self-hosted", "ubuntu-24.04"), ""),
        ("none", CHOSEN % ("ubuntu-24.04", "self-hosted"), ""),
        ("none", "[self-hosted, windows]", ""),
        ("none", "[self-hosted, ubuntu-24.04]", ""),
    ],
)
def test_a_machine_beside_those_of_github(expected: str, runs_on: str, more: str) -> None:
    test = job("[push, pull_request]", "- run: make", rights="contents: read", more=more)
    text = test.replace("runs-on: ubuntu-24.04", f"runs-on: {runs_on}")
    assert answer(exposed(text, MACHINE)) == expected


def test_a_program_that_nothing_installed_is_fetched() -> None:
    asked = "- run: npx tidy-notes\n"
    assert exposed(job("push", asked)).level is Actor.THIRD_PARTY
    assert exposed(job("push", asked.replace("tidy", "@acme/tidy"))).level is Actor.THIRD_PARTY
    assert exposed(job("push", "- run: npm ci\n" + asked)).level is Actor.UNKNOWN
    assert exposed(job("push", asked.replace("notes", "notes@2.1.0"))).level is Actor.UNKNOWN


@pytest.mark.parametrize(
    ("expected", "folder"), [("sure", "theirs"), ("none", "base"), ("none", ".github")]
)
def test_the_folder_that_a_job_names_for_all_its_scripts(expected: str, folder: str) -> None:
    more = f"defaults: {{run: {{working-directory: {folder}}}}}"
    assert answer(exposed(job(TARGET, BESIDE + "- run: npm ci\n", more=more))) == expected


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", "bin/setup --quiet"),
        ("sure", "./bin/setup"),
        ("none", ".venv/bin/tidy --version"),
        ("none", "/usr/bin/env"),
    ],
)
def test_a_program_of_their_bin_folder(expected: str, command: str) -> None:
    assert answer(exposed(job(TARGET, f"{head()}- run: {command}\n"))) == expected


@pytest.mark.parametrize(
    ("expected", "action"),
    [
        ("sure", "taiki-e/checkout-action"),
        ("perhaps", "acme/fast-checkout"),
        ("none", "acme/clean-up"),
    ],
)
def test_checkouts_of_others(expected: str, action: str) -> None:
    theirs = head().replace(OLD_CHECKOUT, f"{action}@{'1' * 40}")
    assert answer(exposed(job(TARGET, theirs + "- run: make"))) == expected


RELEASED = """\
on: {workflow_call: {inputs: {commit: {type: string}}}, push: {tags: ["v*"]}}
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-24.04
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v7
        with: {ref: '${{ inputs.commit }}'}
      - run: npm ci && npm publish
"""
CALLS = """\
on: {issue_comment: {types: [created]}}
permissions: {}
jobs:
  act:
    if: %s
    permissions: {id-token: write}
    uses: ./.github/workflows/release.yml
    with: {commit: '%s'}
"""


@pytest.mark.parametrize(
    ("expected", "condition", "commit"),
    [
        (
            "sure",
            "startsWith(github.event.comment.body, '/try')",
            "refs/pull/${{ github.event.issue.number }}/head",
        ),
        ("none", "startsWith(github.event.comment.body, '/try')", "main"),
        ("none", "github.actor == 'mira'", "refs/pull/${{ github.event.issue.number }}/head"),
    ],
)
def test_a_release_that_is_called_with_their_commit(
    expected: str, condition: str, commit: str
) -> None:
    assert answer(exposed(CALLS % (condition, commit), RELEASED)) == expected


def test_a_ref_that_a_variable_spells() -> None:
    more = "env: {REF: 'refs/%s/${{ github.event.number }}/merge'}"
    steps = head("${{ env.REF }}") + "- run: make\n"
    assert answer(exposed(job(TARGET, steps, more=more % "pull"))) == "sure"
    assert answer(exposed(job(TARGET, steps, more=more % "builds"))) == "none"
