"""What steps do with git's remote: an edit that takes its credentials away rests on it."""

from __future__ import annotations

from textwrap import indent

import pytest

from audits.analysis.action_table import GitUse
from audits.analysis.git_remote import remote_use
from audits.check import Example
from audits.checks.persisted_checkout_credentials import persisted_checkout_credentials
from audits.model.outcome import Finding, FixKind
from tests.analysis.test_known_actions import HEAD, steps
from tests.checks.harness import repository_of


def use_of(*lines: str, above: str = "", beside: str = "", **files: str) -> GitUse:
    """What the job does behind its checkout; ``above`` stands before the workflow's jobs and
    ``beside`` before the job's steps.
    """
    body = steps("uses: actions/checkout@v5", *lines)
    body = f"    {beside}\n{body}" if beside else body
    texts = {name.replace("_", "."): text for name, text in files.items()}
    repo = repository_of(Example(name="x", workflow=above + HEAD + body, files=texts))
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


def script(text: str) -> str:
    return "run: |\n" + indent(text, "          ")


SED_QUIET = r"""
sed -i 's/x/y/g' file; sed -n '/^## /,/^## /p' f; sed -e '1d' -e '$d' f; sed 's,e,e,' x
sed -i.bak "s/version = .*/version = \"$V\"/" f; sed '/x/{N;s/\n/ /;}' f; sed '/e/d' f
sed ':a;N;$!ba;s/\n/%0A/g' f; sed 1q f; sed -i '' -e 's/ee/e/' f; sed -i '' 's/ee/e/' f
sed -i '/^name:/a version: 1' f; sed -ne 's/^v = "\(.*\)"/\1/p' f; sed 0~3d x; sed '1,/^---$/d' x
sed -n "/^v$1/,\${p;/^---/q}" x; sed -n '/begin/I,+3p' x; sed -E 's|a(b)|\1|;s/e/e/' f
"""


@pytest.mark.parametrize(
    "run",
    [
        # A program that stands in an argument.
        "sed '1e ./push.sh' f",
        "sed 's/x/git push/e' f",
        "sed -n -e 's/a/b/p' -e '$e ./push.sh' f",
        "sed '/x/{s/e/x/;e' f",
        "sed -f tools/x.sed f",
        "sed --expression='s,a,b,ge' f",
        "awk -f tools/x.awk f",
        "tar -I ./x.sh -cf x.tar y",
        "tar -cIf ./x.sh x.tar y",
        "tar cIf ./x.sh x.tar y",
        "tar cfI x.tar ./x.sh y",
        "tar xf x --to-com=./p.sh",
        "rsync -e ./push.sh a b:c",
        "sort --compress-program=./push.sh x",
        "cmake -E env git push",
        "echo push | xargs git",
        "cat x | xargs env",
        # What git runs by its configuration or its variables.
        "git -c core.hooksPath=hooks commit -m x",
        "git -c core.fsmonitor=./push.sh status",
        "git config core.pager './push.sh'",
        "git config filter.x.smudge ./push.sh",
        "git config --global credential.helper store",
        "git config --file x alias.status push",
        "git config --get-regexp 'http.*'",
        "git config --file user.name core.pager ./x",
        "git config set core.pager set",
        "git config core.pager list",
        "git config gc.recentObjectsHook ./x",
        "GIT_PAGER='./push.sh' git log",
        "export GIT_EDITOR=./x.sh\ngit commit --amend",
        "echo BASH_ENV=$PWD/x.sh >> $GITHUB_ENV",
        # The folder that holds hooks and credentials.
        "cp tools/pre-commit .git/hooks/pre-commit",
        "cat .git/config",
        "docker build --secret id=git,src=.git/config .",
        "grep extraheader x",
        # A program of the project among the system's.
        "sudo cp tools/twine /usr/local/bin/twine\ntwine check x",
        # cibuildwheel's own shell.
        "echo 'CIBW_BEFORE_ALL=git push' >> $GITHUB_ENV\ncibuildwheel",
    ],
)
def test_a_program_that_no_command_is_called_by_is_not_quiet(run: str) -> None:
    assert use_of(script(run)) is GitUse.MAY


@pytest.mark.parametrize(
    "run",
    [
        SED_QUIET,
        "tar cIf zstd x.tar y\ntar czf - dist | wc -c",
        "git config -f a.b user.name x\ngit config --type bool core.bare true",
        "git config set --global user.name x\ngit config get core.pager",
        "sed '\\,x,Id' f\nsed '/x/I,/y/Mp' f",
        "awk -F: '{print $1}' x\nawk -v v=1 '/x/{print v}' y",
        "tar -I zstd -cf x y\ntar --use-compress-program=pigz -cf x y\ntar --exclude=.git -cf y .",
        "rsync -avz --exclude .git -e ssh a b:c\nrsync -e 'ssh -p 22' a b:c",
        "find . -name x | xargs rm\nls | xargs -n1 sha256sum\ngit ls-files | xargs git add",
        "git config user.name x\ngit config --global --add safe.directory '*'",
        "git -c user.name=x commit -m y\ngit config --list\ngit config --get remote.origin.url",
        "rm -rf .git\ntest -d .git\nfind . -not -path './.git/*'",
        "GIT_TAG=v1\nexport GIT_COMMIT=1\nGIT_COMMITTER_NAME=x git commit -m y",
        "GIT_EDITOR=true git commit --amend",
        "curl -L https://x.example/k | tar xz\nsudo mv k/bin/kubectl /usr/local/bin/kubectl",
        "cmake -E make_directory x && sort -u x && zip -r x.zip y",
    ],
)
def test_the_same_programs_stay_quiet_where_they_are_given_none(run: str) -> None:
    assert use_of(script(run)) is GitUse.NONE


CIBW = "uses: pypa/cibuildwheel@v3"


@pytest.mark.parametrize(
    ("step", "env", "use"),
    [
        (CIBW, "{CIBW_BEFORE_ALL: git push}", "MAY"),
        (CIBW, "{CIBW_BEFORE_BUILD_LINUX: bash tools/x.sh}", "MAY"),
        (CIBW, "{CIBW_TEST_COMMAND: 'pytest {project}'}", "MAY"),
        (CIBW, "{CIBW_ENVIRONMENT: 'A=$(./x.sh)'}", "MAY"),
        (CIBW, "{CIBW_BEFORE_BUILD: '${{ vars.X }}'}", "MAY"),
        ("run: python -m cibuildwheel", "{CIBW_BEFORE_ALL: git push}", "MAY"),
        (CIBW, "{CIBW_BEFORE_ALL: 'yum install -y x && pip install cmake'}", "NONE"),
        (CIBW, "{CIBW_REPAIR_WHEEL_COMMAND: 'auditwheel repair -w {dest_dir} {wheel}'}", "NONE"),
        ("run: cibuildwheel", "{CIBW_ARCHS: auto, CIBW_ENVIRONMENT: 'A=1'}", "NONE"),
        ("run: twine check x", "{CIBW_TEST_COMMAND: pytest}", "NONE"),
        ("run: ls", "{BASH_ENV: ./push.sh}", "MAY"),
        ("run: ls", "{LD_PRELOAD: ./x.so}", "MAY"),
        ("run: git log", "{GIT_CONFIG_KEY_0: core.pager, GIT_CONFIG_COUNT: 1}", "MAY"),
        ("run: node -v", "{NODE_OPTIONS: '--require ./x.js'}", "MAY"),
        (
            "run: git log",
            "{PAGER: cat, GIT_TERMINAL_PROMPT: 0, GIT_CONFIG_KEY_0: user.name}",
            "NONE",
        ),
        ("run: node -v", "{NODE_OPTIONS: '--max-old-space-size=4096'}", "NONE"),
    ],
)
@pytest.mark.parametrize("level", ["step", "job", "workflow"])
def test_variables_count_at_every_level(step: str, env: str, use: str, level: str) -> None:
    line = f"env: {env}"
    if level == "step":
        assert use_of(f"{step}\n        {line}").name == use
    elif level == "job":
        assert use_of(step, beside=line).name == use
    else:
        assert use_of(step, above=f"{line}\n").name == use


@pytest.mark.parametrize(
    ("options", "use"),
    [
        ('before-all = "git push"', GitUse.MAY),
        ('[tool.cibuildwheel.linux]\nbefore-build = ["pip install x", "bash x.sh"]', GitUse.MAY),
        ('[[tool.cibuildwheel.overrides]]\nselect = "*"\ntest-command = "make"', GitUse.MAY),
        ("= 1", GitUse.MAY),
        ('build = "cp312-*"\nbefore-all = "yum install -y x"', GitUse.NONE),
    ],
)
def test_the_configuration_of_cibuildwheel_is_read(options: str, use: GitUse) -> None:
    text = f"[project]\nname = 'x'\n[tool.cibuildwheel]\n{options}\n"
    assert use_of(CIBW, pyproject_toml=text) is use


def test_a_variable_of_the_job_counts_in_a_local_action() -> None:
    action = "runs:\n  using: composite\n  steps: [{run: ls, shell: bash}]\n"
    example = Example(
        name="x",
        workflow=HEAD + "    env: {BASH_ENV: ./x}\n" + steps("uses: ./act"),
        files={"act/action.yml": action},
    )
    repo = repository_of(example)
    job = repo.workflows[0].job("other")
    assert job is not None
    assert remote_use(repo, job.steps).use is GitUse.MAY


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
        ("uses: pnpm/action-setup@v4\n        with: {run_install: true}", "MAY"),
        ("uses: pnpm/action-setup@v4\n        with: {run_install: false, version: 9}", "NONE"),
        ("uses: bahmutov/npm-install@v1", "MAY"),
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
