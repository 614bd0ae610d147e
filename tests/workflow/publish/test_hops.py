"""Publications that stand one hop away: in scripts and tasks of the repository."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.model.publication import Auth
from audits.store.write.rows import publication_row
from tests.workflow.publish.uploads import found_in, job_of, run_of, the_one

UPLOADS = [
    # A step's script, the repository's files, and where the upload stands: file and line.
    (
        "npm run ship",
        {"package.json": '{\n "scripts": {\n  "ship": "npm publish"\n }\n}'},
        "package.json:3",
    ),
    ("pnpm ship", {"package.json": '{"scripts": {"ship": "pnpm -r publish"}}'}, "package.json:1"),
    ("yarn ship", {"package.json": '{"scripts": {"ship": "yarn npm publish"}}'}, "package.json:1"),
    ("bun run ship", {"package.json": '{"scripts": {"ship": "bun publish"}}'}, "package.json:1"),
    (
        "npm run a",
        {"package.json": '{"scripts": {"a": "npm run b",\n "b": "lerna publish"}}'},
        "package.json:2",
    ),
    (
        "npm run build",
        {"package.json": '{"scripts": {"build": "tsc",\n "postbuild": "npm publish"}}'},
        "package.json:2",
    ),
    (
        "npm version patch",
        {"package.json": '{"scripts": {"postversion": "npm publish"}}'},
        "package.json:1",
    ),
    (
        "npm --prefix web run ship",
        {"web/package.json": '{"scripts": {"ship": "npm publish"}}'},
        "web/package.json:1",
    ),
    (
        "pnpm --filter ./libs/core ship",
        {"libs/core/package.json": '{"name": "x", "scripts": {"ship": "npm publish"}}'},
        "libs/core/package.json:1",
    ),
    (
        "yarn workspace @wick/core run ship",
        {
            "package.json": '{"scripts": {"ship": "echo no"}}',
            "libs/core/package.json": '{"name": "@wick/core", "scripts": {"ship": "npm publish"}}',
        },
        "libs/core/package.json:1",
    ),
    (
        "npm run ship -w core",
        {"core/package.json": '{"name": "core", "scripts": {"ship": "npm publish"}}'},
        "core/package.json:1",
    ),
    (
        "npx turbo run ship",
        {
            "package.json": '{"name": "all"}',
            "a/package.json": '{"name": "a", "scripts": {"ship": "npm publish"}}',
        },
        "a/package.json:1",
    ),
    (
        "nx run core:ship",
        {"core/package.json": '{"name": "core", "scripts": {"ship": "npm publish"}}'},
        "core/package.json:1",
    ),
    (
        "npm run ship",
        {
            "package.json": '{"scripts": {"ship": "node tools/ship.mjs"}}',
            "tools/ship.mjs": "import {execSync} from 'node:child_process';\n"
            "execSync('npm publish --access public', {stdio: 'inherit'});\n",
        },
        "tools/ship.mjs:2",
    ),
    ("make ship", {"Makefile": "all:\n\techo\nship: all\n\t@uv publish\n"}, "Makefile:4"),
    ("make", {"Makefile": "ship:\n\tuv publish\nother:\n\techo\n"}, "Makefile:2"),
    ("make -C py ship", {"py/Makefile": "ship:\n\tuv publish\n"}, "py/Makefile:2"),
    ("make ship", {"Makefile": "ship: push\n\npush:\n\ttwine upload dist/*\n"}, "Makefile:4"),
    (
        "make ship",
        {"Makefile": "TOOL ?= twine\nship:\n\t$(TOOL) \\\n\t  upload dist/*\n"},
        "Makefile:3",
    ),
    ("make ship-a", {"Makefile": "ship-%:\n\tuv publish\n"}, "Makefile:2"),
    ("make -f ci.mk x", {"ci.mk": "x: ; gem push pkg/x.gem\n", "Makefile": "x:\n"}, ""),
    ("just ship", {"justfile": "build:\n  echo\nship: build\n  uv publish\n"}, "justfile:4"),
    ("just", {"justfile": "ship: push\npush:\n    @cargo publish\n"}, "justfile:3"),
    (
        "task ship",
        {
            "Taskfile.yml": "tasks:\n  ship:\n    cmds:\n      - task: push\n  push: gem push a.gem\n"
        },
        "Taskfile.yml:5",
    ),
    (
        "tox -e ship",
        {"tox.ini": "[testenv:ship]\ncommands =\n    twine upload dist/*\n"},
        "tox.ini:3",
    ),
    (
        "tox run -e ship",
        {"pyproject.toml": '[tool.tox.env.ship]\ncommands = [["twine", "upload", "dist/*"]]\n'},
        "pyproject.toml:1",
    ),
    (
        "nox -s ship",
        {
            "noxfile.py": "import nox\n@nox.session\ndef ship(session):\n"
            '    session.run("twine", "upload", "dist/*")\n'
        },
        "noxfile.py:4",
    ),
    (
        "hatch run ship:push",
        {"pyproject.toml": '[tool.hatch.envs.ship.scripts]\npush = "twine upload dist/*"\n'},
        "pyproject.toml:2",
    ),
    ("pixi run ship", {"pixi.toml": '[tasks]\nship = {cmd = "uv publish"}\n'}, "pixi.toml:2"),
    (
        "poetry run poe ship",
        {"pyproject.toml": '[tool.poe.tasks]\nship = ["push"]\npush = "poetry publish"\n'},
        "pyproject.toml:3",
    ),
    (
        "pdm run ship",
        {"pyproject.toml": '[tool.pdm.scripts]\nship = "pdm publish"\n'},
        "pyproject.toml:2",
    ),
    (
        "bundle exec rake ship",
        {"Rakefile": "task :ship do\n  sh 'gem push pkg/a.gem'\nend\n"},
        "Rakefile:2",
    ),
    ("rake release", {"Rakefile": 'require "bundler/gem_tasks"\n'}, "Rakefile:1"),
    (
        "inv ship",
        {"tasks.py": "@task\ndef ship(c):\n    c.run('twine upload dist/*')\n"},
        "tasks.py:3",
    ),
    ("./ci/ship.sh", {"ci/ship.sh": "#!/bin/sh\nset -e\ntwine upload dist/*\n"}, "ci/ship.sh:3"),
    ("ci/ship", {"ci/ship": "#!/usr/bin/env bash\nuv publish\n"}, "ci/ship:2"),
    ("bash -e ci/ship.sh", {"ci/ship.sh": "uv publish\n"}, "ci/ship.sh:1"),
    ("sudo bash ci/ship.sh", {"ci/ship.sh": "uv publish\n"}, "ci/ship.sh:1"),
    ("cd ci && ./ship.sh", {"ci/ship.sh": "uv publish\n"}, "ci/ship.sh:1"),
    ("$GITHUB_WORKSPACE/ci/ship.sh", {"ci/ship.sh": "uv publish\n"}, "ci/ship.sh:1"),
    (
        "ci/ship.sh",
        {"ci/ship.sh": 'here=$(dirname "$0")\n"$here/push.sh"\n', "ci/push.sh": "cargo publish\n"},
        "ci/push.sh:1",
    ),
    (
        "python tools/ship.py",
        {"tools/ship.py": 'import subprocess\nsubprocess.run(["twine", "upload", "d/*"])\n'},
        "tools/ship.py:2",
    ),
    (
        "uv run tools/ship.py",
        {"tools/ship.py": "import os\ndef main():\n    os.system('uv publish')\nmain()\n"},
        "tools/ship.py:3",
    ),
    (
        "python -m tools.ship",
        {
            "tools/ship.py": "import subprocess as s, sys\nCMD = [sys.executable, '-m', 'twine']\n"
            "s.check_call(CMD + ['upload', 'dist/*'])\n"
        },
        "tools/ship.py:3",
    ),
    (
        "node ship.js",
        {"ship.js": "const cp = require('child_process')\ncp.spawnSync('npm', ['publish'])\n"},
        "ship.js:2",
    ),
    (
        "npx zx tools/ship.mjs",
        {"tools/ship.mjs": "const tag = argv.tag\nawait $`npm publish --tag ${tag}`\n"},
        "tools/ship.mjs:2",
    ),
    ("tsx ship.ts", {"ship.ts": "await execa('pnpm', ['publish', '-r'])\n"}, "ship.ts:1"),
    (
        "deno run -A ship.ts",
        {"ship.ts": "import { releasePublish } from 'nx/release';\nawait releasePublish({});\n"},
        "ship.ts:2",
    ),
    ("ruby ship.rb", {"ship.rb": 'system("gem", "push", "a.gem")\n'}, "ship.rb:1"),
    ("pwsh ship.ps1", {"ship.ps1": "dotnet nuget push a.nupkg\n"}, "ship.ps1:1"),
    (
        "poetry run poe ship",
        {
            "pyproject.toml": '[tool.poe.tasks.ship]\nscript = "tools.ship:main(all=True)"\n',
            "tools/ship.py": "import os\ndef main(all):\n    os.system('uv publish')\n",
        },
        "tools/ship.py:3",
    ),
    (
        "uv run lumen-ship",
        {
            "pyproject.toml": '[project.scripts]\nlumen-ship = "lumen.ship:main"\n',
            "src/lumen/ship.py": "import os\ndef main():\n    os.system('uv publish')\n",
        },
        "src/lumen/ship.py:3",
    ),
    (
        "poetry run lumen-ship",
        {
            "pyproject.toml": '[tool.poetry.scripts]\nlumen-ship = "lumen:app"\n',
            "lumen.py": "import os\n@app.command()\ndef go():\n    os.system('uv publish')\n",
        },
        "lumen.py:4",
    ),
    (
        "docker build --secret id=npm,env=TOKEN .",
        {
            "Dockerfile": "FROM node:22\nCOPY . .\n"
            "RUN --mount=type=secret,id=npm \\\n    npm publish\n"
        },
        "Dockerfile:4",
    ),
    (
        "docker buildx build --build-arg=NPM_TOKEN -f ci/Dockerfile.ship ci",
        {"ci/Dockerfile.ship": 'FROM rust\nRUN ["cargo", "publish"]\n'},
        "ci/Dockerfile.ship:2",
    ),
    (
        "podman build --secret id=x ci",
        {"ci/Containerfile": "FROM python\nRUN <<END\npip list\nuv publish\nEND\n"},
        "ci/Containerfile:4",
    ),
    ("yarn deploy", {"package.json": '{"scripts": {"deploy": "npm publish"}}'}, "package.json:1"),
    (
        "mise run ship:all",
        {"mise-tasks/ship/all": "#!/bin/sh\nuv publish\n"},
        "mise-tasks/ship/all:2",
    ),
    (
        "./do.sh push",
        {"do.sh": "case $1 in\n  test) pytest ;;\n  push) uv publish ;;\nesac\n"},
        "do.sh:3",
    ),
]


@pytest.mark.parametrize(("script", "files", "place"), UPLOADS)
def test_an_upload_one_hop_away(script: str, files: dict[str, str], place: str) -> None:
    found = the_one(run_of(script), {"x/pyproject.toml": "", **files})
    path, _, line = place.partition(":")
    assert not path or (found.at.path, found.at.line) == (path, int(line))
    assert found.script == found.at.path
    assert found.auth is (Auth.OIDC if found.does_oidc else Auth.NONE)
    assert found.way.endswith(f" by {found.script}")


@pytest.mark.parametrize(("script", "files", "place"), UPLOADS)
def test_it_is_none_where_the_job_is_given_no_credential(
    script: str, files: dict[str, str], place: str
) -> None:
    assert found_in(run_of(script, permissions="contents: read"), files) == ()


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("npm run build", {"package.json": '{"scripts": {"build": "tsc", "ship": "npm publish"}}'}),
        ("npm run ship", {"package.json": '{"scripts": {"ship": "npm publish --dry-run"}}'}),
        ("npm run ship -- --dry-run", {"package.json": '{"scripts": {"ship": "npm publish"}}'}),
        ("npm test", {"package.json": '{"scripts": {"ship": "npm publish"}}'}),
        ("yarn prettier", {"package.json": '{"scripts": {"ship": "npm publish"}}'}),
        ("make build", {"Makefile": "build:\n\tpython -m build\nship:\n\tuv publish\n"}),
        ("make tag", {"Makefile": "tag:\n\tgit tag v1\n\tgit push --tags\n"}),
        ("just build", {"justfile": "build:\n  echo\nship: build\n  uv publish\n"}),
        ("task lint", {"Taskfile.yml": "tasks:\n  lint: ruff .\n  push: gem push a.gem\n"}),
        ("tox -e tag", {"tox.ini": "[testenv:tag]\ncommands = git tag v1\n"}),
        ("tox -e a", {"tox.ini": "[testenv:{a,b}]\ncommands =\n  b: twine upload x\n"}),
        (
            "nox -s lint",
            {
                "noxfile.py": "def lint(s):\n  s.run('ruff')\ndef ship(s):\n  s.run('uv', 'publish')\n"
            },
        ),
        (
            "hatch run lint",
            {"pyproject.toml": '[tool.hatch.envs.x.scripts]\nship = "uv publish"\n'},
        ),
        (
            "rake build",
            {"Rakefile": "task :build do\n sh 'x'\nend\ntask :s do\n sh 'gem push a'\nend"},
        ),
        ("rake build", {"Rakefile": 'require "bundler/gem_tasks"\n'}),
        ("./do.sh test", {"do.sh": "case $1 in\n test) pytest ;;\n push) uv publish ;;\nesac\n"}),
        ("./do.sh", {"do.sh": "push() {\n  uv publish\n}\npytest\n"}),
        ("./do.sh", {"do.sh": "# uv publish\necho 'now run: uv publish'\n"}),
        ("./do.sh test", {"do.sh": 'if [ "$1" = push ]; then\n  uv publish\nfi\n'}),
        (
            "python do.py",
            {"do.py": "import os\ndef ship():\n    os.system('uv publish')\nprint(1)\n"},
        ),
        ("python do.py", {"do.py": "print('uv publish')\n# os.system('uv publish')\n"}),
        ("node do.js", {"do.js": "console.log('npm publish')\n// execSync('npm publish')\n"}),
        ("cat ci/ship.sh", {"ci/ship.sh": "uv publish\n"}),
        ("chmod +x ci/ship.sh", {"ci/ship.sh": "uv publish\n"}),
        ("./ci/other.sh", {"ci/ship.sh": "uv publish\n"}),
        ("docker build .", {"Dockerfile": "FROM node\nRUN npm publish\n"}),
        ("docker build --secret id=x .", {"Dockerfile": "FROM node\nRUN npm ci\n# RUN uv publish"}),
        ("docker build --secret id=x a", {"Dockerfile": "FROM node\nRUN npm publish\n"}),
        (
            "uv run lumen-test",
            {
                "pyproject.toml": '[project.scripts]\nlumen-test = "lumen:test"\n',
                "lumen.py": "import os\ndef ship():\n    os.system('uv publish')\n"
                "def test():\n    os.system('pytest')\n",
            },
        ),
        (
            "poe lint",
            {
                "pyproject.toml": '[tool.poe.tasks]\nlint = {script = "ship:lint"}\n',
                "ship.py": "import os\ndef lint():\n    os.system('ruff check')\n",
            },
        ),
    ],
)
def test_what_only_looks_like_it(script: str, files: dict[str, str]) -> None:
    assert found_in(run_of(script), files) == ()


def test_where_the_step_works_decides() -> None:
    files = {"a/ship.sh": "uv publish\n", "b/ship.sh": "pytest\n"}
    steps = "- run: ./ship.sh\n  working-directory: %s"
    assert the_one(job_of(steps % "a"), files).script == "a/ship.sh"
    assert found_in(job_of(steps % "b"), files) == ()
    default = "defaults: {run: {working-directory: a}}"
    assert the_one(job_of("- run: ./ship.sh", head=default), files).script == "a/ship.sh"


def test_a_checkout_in_a_folder_is_the_repository() -> None:
    steps = "- uses: actions/checkout@v4\n  with: {path: src}\n- run: ./src/ci/ship.sh"
    assert the_one(job_of(steps), {"ci/ship.sh": "uv publish\n"}).script == "ci/ship.sh"


def test_the_credential_is_what_the_step_hands_over() -> None:
    env = "TWINE_PASSWORD: '${{ secrets.SHIP }}'"
    files = {"ci/ship.sh": "twine upload dist/*\n"}
    found = the_one(run_of("ci/ship.sh", env=env, permissions="contents: read"), files)
    assert (found.auth, found.indirect) == (Auth.TOKEN, False)
    assert [c.secret for c in found.credentials] == ["SHIP"]
    script = "export TWINE_PASSWORD=$KEY\ntwine upload dist/*\n"
    handed = run_of("ci/ship.sh", env="KEY: '${{ secrets.SHIP }}'", permissions="contents: read")
    assert the_one(handed, {"ci/ship.sh": script}).auth is Auth.TOKEN


def test_a_script_in_a_composite_action() -> None:
    action = "runs:\n  using: composite\n  steps:\n    - run: ${{ github.action_path }}/ship.sh\n"
    files = {
        "tools/ship/action.yml": action + "      shell: bash\n",
        "tools/ship/ship.sh": "uv publish\n",
    }
    assert the_one(job_of("- uses: ./tools/ship"), files).at.path == "tools/ship/ship.sh"


def test_what_was_read_and_only_builds_is_no_upload_by_its_credential() -> None:
    env = "TWINE_PASSWORD: '${{ secrets.T }}'"
    assert the_one(run_of("make x", env=env), {}).indirect
    assert found_in(run_of("make x", env=env), {"Makefile": "x:\n\tpython -m build\n"}) == ()
    assert the_one(run_of("make x", env=env), {"Makefile": "x:\n\tcurl -T a b\n"}).indirect


def test_its_row_has_the_line_of_the_step_and_names_the_script() -> None:
    found = the_one(run_of("echo\nci/ship.sh"), {"ci/ship.sh": "\n\n\n\n\n\n\n\nuv publish\n"})
    row = publication_row(found)
    assert (found.at.line, row["line"]) == (9, found.source_step and found.source_step.at.line)
    assert row["mechanism"] == "uv publish by ci/ship.sh"


def test_circles_end() -> None:
    files = {
        "package.json": '{"scripts": {"a": "npm run b && make c", "b": "npm run a"}}',
        "Makefile": "c: c d\n\tnpm run a\nd: c\n\tmake c\n\t./x.sh\n",
        "x.sh": "source x.sh\n./x.sh\nuv publish\n",
    }
    assert the_one(run_of("npm run a"), files).script == "x.sh"


@pytest.mark.parametrize(
    ("script", "files"),
    [
        (
            "make a0",
            {
                "Makefile": "".join(
                    f"a{i}: a{i + 1} a{i + 2}\n\tmake a{i + 1}\n" for i in range(900)
                )
            },
        ),
        (
            "make a",
            {
                "Makefile": "".join(f"V{i} = $(V{i + 1})$(V{i + 1})\n" for i in range(60))
                + "a:\n\t$(V0)\n"
            },
        ),
        (
            "npm run a0",
            {
                "package.json": '{{"scripts": {{{}}}}}'.format(
                    ",".join(
                        f'"a{i}": "npm run a{i + 1} a{i + 2}; npm run a{i + 2}"' for i in range(800)
                    )
                )
            },
        ),
        (
            "turbo run x",
            {
                f"p{i}/package.json": f'{{"name": "p{i}", "scripts": {{"x": "turbo run x y z"}}}}'
                for i in range(150)
            },
        ),
        ("./x.sh", {"x.sh": "./x.sh $1 `" * 9000}),
        ("node x.js", {"x.js": "exec(`${" * 20000}),
        ("node x.js", {"x.js": "run('" + "a\\" * 60000}),
        ("python x.py", {"x.py": "run([" * 90 + "]" * 3}),
        ("python x.py", {"x.py": "a = a + b\nrun(a)\n" * 8000}),
        ("rake x", {"Rakefile": "task :x do\n" * 4000}),
        ("ruby x.rb", {"x.rb": "sh 'a'" * 20000}),
        ("just a", {"justfile": "a: a b\n  x\nb: a b\n  y\n" * 900}),
        ("tox -e x", {"tox.ini": "[testenv:x]\ncommands =\n" + "  {posargs:{posargs:\n" * 5000}),
    ],
)
def test_hostile_files_take_about_a_second(script: str, files: dict[str, str]) -> None:
    started = time.process_time()
    found_in(run_of(script), files)
    assert time.process_time() - started < 3


_PIECES = st.lists(
    st.sampled_from(
        [
            "npm run",
            "a",
            ":",
            "\n\t",
            "{",
            "}",
            '"',
            "'",
            "$(",
            "`",
            "task",
            "sh ",
            "x.sh",
            "[",
            "=",
            "subprocess.run(",
            "execa(",
            "if",
            "case $1 in",
            "esac",
            "\\",
            "- ",
            "é",
            "${",
            "def a(c):",
        ]
    ),
    max_size=30,
).map(" ".join)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=_PIECES,
    name=st.sampled_from(
        [
            "package.json",
            "Makefile",
            "justfile",
            "Taskfile.yml",
            "tox.ini",
            "noxfile.py",
            "Rakefile",
            "pyproject.toml",
            "x.sh",
            "x.py",
            "x.js",
            "x.rb",
            "x.ps1",
            "tasks.py",
            "pixi.toml",
        ]
    ),
)
def test_any_file_gives_publications(text: str, name: str) -> None:
    script = "npm run a\nmake a\njust a\ntask a\ntox -e a\nnox -s a\nrake a\ninv a\npixi run a"
    steps = f"{script}\n./x.sh\npython x.py\nnode x.js\nruby x.rb\npwsh x.ps1"
    for publication in found_in(run_of(steps), {name: text}):
        assert publication.at.line >= 1


def test_the_arguments_of_a_script_are_more_words_than_are_written() -> None:
    files = {"ci/ship.sh": 'stage_all "$@"\nuv publish\n'}
    assert the_one(run_of("bash ci/ship.sh stage one two three"), files).script == "ci/ship.sh"


def test_make_takes_from_the_environment_what_it_leaves_open() -> None:
    files = {"Makefile": "ARGS ?=\nimage:\n\tdocker buildx build . ${ARGS} -t ghcr.io/a/b\n"}
    script = "docker login ghcr.io -u a -p ${{ secrets.T }}\nmake image"
    assert the_one(run_of(script, env="ARGS: --no-cache --push"), files).registry == "container"
    assert found_in(run_of(script, env="ARGS: --load"), files) == ()
