"""What steps do with git's remote: an edit that takes its credentials away rests on it."""

from __future__ import annotations

import pytest

from audits.analysis.action_table import GitUse
from audits.analysis.git_remote import remote_use
from audits.check import Example
from audits.checks.persisted_checkout_credentials import persisted_checkout_credentials
from audits.model.outcome import Finding, FixKind
from tests.analysis.test_known_actions import HEAD, steps
from tests.checks.harness import repository_of


def use_of(*lines: str, **files: str) -> GitUse:
    body = steps("uses: actions/checkout@v5", *lines)
    texts = {name.replace("_", "."): text for name, text in files.items()}
    repo = repository_of(Example(name="x", workflow=HEAD + body, files=texts))
    job = repo.workflows[0].job("other")
    assert job is not None
    assert len(job.steps) == len(lines) + 1
    return remote_use(repo, job.steps[1:]).use


@pytest.mark.parametrize(
    "run",
    [
        "git push",
        "trap 'git push' EXIT",
        "X=$(git push)",
        "mike deploy -pu 1.0",
        "bash -c 'cd docs && mkdocs gh-deploy --force'",
        "poetry run semantic-release publish",
    ],
)
def test_a_push_is_seen(run: str) -> None:
    assert use_of(f'run: "{run}"') is GitUse.PUSHES


@pytest.mark.parametrize(
    "run",
    [
        # Programs of the checkout that are called like known ones.
        "bin/build",
        "./bin/docker push x",
        "$GITHUB_WORKSPACE/tools/tar x",
        "${{ github.workspace }}/tools/zip x",
        "poetry run test",
        "uv run build",
        "python -m test",
        # Containers and builds that run what they are given.
        "docker run -v $PWD:/w -w /w node npx semantic-release",
        "docker compose run release",
        "podman exec box sh -c 'git push'",
        "rustup run nightly cargo release",
        "cmake -P cmake/release.cmake",
        "cmake --build build --target push-tags",
        "ninja -C build push",
        "dotnet build -t:PushTags",
        "dotnet tool run release",
        "awk 'BEGIN { system(\\\"git push\\\") }'",
        "tar --to-command=./push.sh -xf x.tar",
        "find . -name x -execdir ./push.sh {} +",
        "git rebase --exec ./push.sh HEAD~1",
        "git bisect run ./push.sh",
        # Code of the project in one line.
        "python -c 'import tools.ship'",
        "python -c 'from ship import go; go()'",
        "python -c 'import runpy; runpy.run_path(\\\"x\\\")'",
        "python setup.py sdist tag_and_push",
        "source tools/activate",
    ],
)
def test_what_may_push_is_not_called_quiet(run: str) -> None:
    assert use_of(f'run: "{run}"') is GitUse.MAY


@pytest.mark.parametrize(
    "run",
    [
        "git config --get http.https://github.com/.extraheader",
        "git checkout --recurse-submodules main",
        "git archive --remote=origin HEAD",
    ],
)
def test_what_reads_the_credentials_is_seen(run: str) -> None:
    assert use_of(f'run: "{run}"') is GitUse.READS


@pytest.mark.parametrize(
    "run",
    [
        ".venv/bin/python -m build",
        "source venv/bin/activate && twine check dist/*",
        "/usr/bin/tar xf x.tar",
        "$HOME/.local/bin/twine check dist/*",
        "node_modules/.bin/../.bin/../../.venv/bin/twine check dist/*",
        "docker build -t x . && docker push x",
        "docker buildx build --push .",
        "cmake -S . -B build && cmake --build build && ninja -C build install",
        "python -c 'import sys, json; print(sys.version)'",
        "python setup.py sdist bdist_wheel",
        "uv run twine upload dist/*",
        "test -f dist/x && tar czf x.tgz dist",
        "git tag -a v1 -m v1 && git commit -m x",
    ],
)
def test_what_never_talks_to_the_remote_stays_quiet(run: str) -> None:
    assert use_of(f'run: "{run}"') is GitUse.NONE


@pytest.mark.parametrize("shell", ["bash tools/wrap.sh {0}", "./wrap {0}", "tools/sh {0}"])
def test_a_shell_of_the_project_may_do_anything(shell: str) -> None:
    assert use_of(f"run: echo hello\n        shell: {shell}") is GitUse.MAY


@pytest.mark.parametrize(
    ("shell", "use"), [("./wrap {0}", GitUse.MAY), ("bash -el {0}", GitUse.NONE)]
)
@pytest.mark.parametrize("whose", ["job", "workflow"])
def test_a_shell_by_default_counts_like_one_of_the_step(
    shell: str, use: GitUse, whose: str
) -> None:
    body = steps("uses: actions/checkout@v5", "run: twine check dist/*")
    defaults = f"defaults: {{run: {{shell: '{shell}'}}}}\n"
    text = f"{defaults}{HEAD}{body}" if whose == "workflow" else f"{HEAD}    {defaults}{body}"
    repo = repository_of(Example(name="x", workflow=text))
    job = repo.workflows[0].job("other")
    assert job is not None
    assert remote_use(repo, job.steps[1:]).use is use


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("echo $PWD/bin >> $GITHUB_PATH", GitUse.MAY),
        ("echo tools >> $GITHUB_PATH", GitUse.MAY),
        ("echo '${{ github.workspace }}/tools' >> $GITHUB_PATH", GitUse.MAY),
        ("export PATH=./tools:$PATH", GitUse.MAY),
        ("echo $HOME/.local/bin >> $GITHUB_PATH", GitUse.NONE),
        ("echo /opt/tool/bin >> $GITHUB_PATH", GitUse.NONE),
        ("export PATH=$HOME/.cargo/bin:$PATH", GitUse.NONE),
        ("echo $PWD/.venv/bin >> $GITHUB_PATH", GitUse.NONE),
    ],
)
def test_behind_a_folder_of_the_project_on_the_path_programs_may_be_its_own(
    line: str, use: GitUse
) -> None:
    assert use_of(f"run: {line}", "run: twine check dist/*") is use


@pytest.mark.parametrize(
    "shell", ["bash", "bash -el {0}", "sh -e {0}", "pwsh", "bash -eo pipefail {0}"]
)
def test_a_plain_shell_does_nothing(shell: str) -> None:
    assert use_of(f"run: echo hello\n        shell: {shell}") is GitUse.NONE


@pytest.mark.parametrize(
    ("step", "use"),
    [
        ("uses: actions/github-script@v8\n        with: {script: \"require('./x.js')\"}", "MAY"),
        ("uses: actions/github-script@v8\n        with: {script: core.info(1)}", "NONE"),
        ("uses: pypa/cibuildwheel@v3\n        env: {CIBW_BEFORE_ALL: git push}", "MAY"),
        ("uses: pypa/cibuildwheel@v3\n        env: {CIBW_BUILD: cp312-*}", "NONE"),
        ("uses: rickstaa/action-create-tag@v1", "PUSHES"),
        ("uses: taiki-e/create-gh-release-action@v1\n        with: {branch: main}", "READS"),
        ("uses: taiki-e/create-gh-release-action@v1", "NONE"),
    ],
)
def test_actions_that_run_what_they_are_given(step: str, use: str) -> None:
    assert use_of(step).name == use


PUSH = '"postversion": "git push"'


@pytest.mark.parametrize(
    ("scripts", "run", "use"),
    [
        ('"postversion": "node push.js"', "npm version patch", "MAY"),
        ('"preversion": "echo ${npm_package_version}", ' + PUSH, "npm version patch", "MAY"),
        ('"postversion": "\\u0067it push"', "npm version patch", "MAY"),
        ('"version": "make ship"', "npm version patch", "MAY"),
        ('"version": "npm run a", "a": "tsc", "posta": "sh x.sh"', "npm version patch", "MAY"),
        ('"version": "npm run a", "a": "npm run version"', "npm version patch", "MAY"),
        ('"prepublishOnly": "npm run a"', "npm publish", "MAY"),
        ('"prepare": "node build.js"', "npm ci", "MAY"),
        ('"prepare": 1', "npm ci", "MAY"),
        ('"prepare": "husky && tsc -p ."', "npm ci", "NONE"),
        ('"prepack": "npm run build", "build": "rimraf dist && tsc"', "npm publish", "NONE"),
        (PUSH, "npm version patch --ignore-scripts", "NONE"),
        (PUSH, "npm publish", "NONE"),
        ("", "npm version patch", "NONE"),
    ],
)
def test_life_cycle_scripts_are_read(scripts: str, run: str, use: str) -> None:
    text = f'{{"name": "x", "scripts": {{{scripts}}}}}'
    assert use_of(f"run: {run}", package_json=text).name == use


def test_a_broken_package_json_says_nothing() -> None:
    assert use_of("run: npm publish", package_json='{"scripts": {') is GitUse.MAY


@pytest.mark.parametrize("given", ["filter: 'blob:none'", "sparse-checkout: docs"])
def test_git_fetches_what_a_partial_clone_left_out(given: str) -> None:
    checkout = f"uses: actions/checkout@v5\n        with: {{{given}}}"
    for run, fix in (("git log -p", FixKind.REVIEW), ("python -m build", FixKind.SAFE)):
        body = steps(checkout, f"run: {run}")
        repo = repository_of(Example(name="x", workflow=HEAD + body))
        found = [v for v in persisted_checkout_credentials(repo) if isinstance(v, Finding)]
        assert [each.fix for each in found] == [fix]
