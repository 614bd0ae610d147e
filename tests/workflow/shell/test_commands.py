"""Commands of scripts in every shell and behind every wrapper, and of any text."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audits.analysis.container_commands import in_container
from audits.model.command import Command
from audits.model.location import Scalar
from audits.workflow.shell.commands import MAX_GRAMMAR_LENGTH, commands


def read(script: str, shell: str = "", style: str = "|") -> tuple[Command, ...]:
    return commands(Scalar(script, 10, 9, 0, len(script), style), shell)


def upload(script: str, shell: str = "") -> Command:
    found = [c for c in read(script, shell) if c.words[:2] == ("twine", "upload")]
    assert len(found) == 1, read(script, shell)
    return found[0]


def test_find_runs_each_program_that_it_is_given() -> None:
    found = read("find . -name x -exec cp {} a \\; -exec twine upload {} + -o -print")
    assert [c.words for c in found] == [("cp", "{}", "a"), ("twine", "upload", "{}")]
    assert [c.wrappers for c in found] == [("find",), ("find",)]
    assert [c.words for c in read("find . -name x")] == [("find", ".", "-name", "x")]


@pytest.mark.parametrize(
    "script",
    [
        "twine upload dist/*",
        'if [ -n "$X" ]; then\n  twine upload dist/*\nfi',
        "(cd dist && twine upload dist/*)",
        "make dist && twine upload dist/*",
        "false || twine upload dist/*",
        "! twine upload dist/*",
        "for d in a b; do twine upload dist/*; done",
        "while read -r d; do twine upload dist/*; done < list",
        "case $X in v*) twine upload dist/* ;; esac",
        "release() {\n  twine upload dist/*\n}\nrelease",
        "twine \\\n  upload \\\n  dist/*",
        "twine upload dist/* > log 2>&1",
        "twine upload dist/* | tee log",
        '"twine" \'upload\' "dist/*"',
        "echo $(twine upload dist/*)",
        "twine upload dist/* # the last step",
        "twine upload dist/* &",
        "x=1; twine upload dist/*",
        "cat <<EOF > notes\nnothing\nEOF\ntwine upload dist/*",
    ],
)
def test_a_command_is_found_wherever_a_shell_would_run_it(script: str) -> None:
    assert upload(script).words == ("twine", "upload", "dist/*")
    assert upload(script).wrappers == ()


@pytest.mark.parametrize(
    ("script", "wrappers"),
    [
        ("python -m twine upload dist/*", ("python -m",)),
        ("python3.12 -I -m twine upload dist/*", ("python -m",)),
        ("python -Im twine upload dist/*", ("python -m",)),
        ("py -3 -m twine upload dist/*", ("py -m",)),
        ("uv run twine upload dist/*", ("uv run",)),
        ("uv run --with 'twine==6' twine upload dist/*", ("uv run",)),
        ("uv run -m twine upload dist/*", ("uv run -m",)),
        ("uv --directory lib run --no-sync twine upload dist/*", ("uv run",)),
        ("uv run python -m twine upload dist/*", ("uv run", "python -m")),
        ("uvx twine upload dist/*", ("uvx",)),
        ("uvx twine@6 upload dist/*", ("uvx",)),
        ("uvx --from 'twine==6.1' twine upload dist/*", ("uvx",)),
        ("uv tool run twine==6.1 upload dist/*", ("uv tool run",)),
        ("pipx run twine upload dist/*", ("pipx run",)),
        ("pipx run --spec 'twine==6' twine upload dist/*", ("pipx run",)),
        ("poetry run twine upload dist/*", ("poetry run",)),
        ("pdm run twine upload dist/*", ("pdm run",)),
        ("hatch -e ship run twine upload dist/*", ("hatch run",)),
        ("hatch run ship:twine upload dist/*", ("hatch run",)),
        ("rye run twine upload dist/*", ("rye run",)),
        ("sudo -E twine upload dist/*", ("sudo",)),
        ("sudo -u ci HOME=/ci twine upload dist/*", ("sudo",)),
        ("/usr/local/bin/twine upload dist/*", ()),
        (".venv/bin/twine upload dist/*", ()),
        (".venv/bin/python -m twine upload dist/*", ("python -m",)),
        ("TWINE_REPOSITORY=testpypi twine upload dist/*", ()),
        ("env -u A B=c twine upload dist/*", ("env",)),
        ("time twine upload dist/*", ()),
        ("exec twine upload dist/*", ("exec",)),
        ("nohup twine upload dist/*", ("nohup",)),
        ("timeout -k 5 60 twine upload dist/*", ("timeout",)),
        ("ls dist | xargs -n 1 twine upload dist/*", ("xargs",)),
        ("bash -c 'twine upload dist/*'", ("bash -c",)),
        ('sudo bash -euxc "cd x; twine upload dist/*"', ("sudo", "bash -c")),
        ('eval "twine upload dist/*"', ("bash eval",)),
        ("pixi exec --spec twine -- twine upload dist/*", ("pixi exec",)),
        ("conda run -n base twine upload dist/*", ("conda run",)),
    ],
)
def test_wrappers_are_taken_off(script: str, wrappers: tuple[str, ...]) -> None:
    found = upload(script)
    assert found.words == ("twine", "upload", "dist/*")
    assert [w for w in found.wrappers if w != "time"] == list(wrappers)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("npx -y @orchard/ship@2 publish", ("@orchard/ship", "publish")),
        ("npx semantic-release@24", ("semantic-release",)),
        ("bunx npm publish", ("npm", "publish")),
        ("bundle exec gem push a.gem", ("gem", "push", "a.gem")),
        ("npm run publish", ("npm", "run", "publish")),
        ("go run grove.example/tools/ship/v3@v3.1.0 -x", ("ship", "-x")),
        ("go run ./cmd/ship -x", ("go", "run", "./cmd/ship", "-x")),
        ("go run main.go", ("go", "run", "main.go")),
        ("uv publish", ("uv", "publish")),
        ("python setup.py sdist upload", ("python", "setup.py", "sdist", "upload")),
        ("python -c 'import twine'", ("python", "-c", "import twine")),
        ("command -v twine", ("command", "-v", "twine")),
        ("./scripts/publish --all", ("./scripts/publish", "--all")),
        ("echo 'twine upload'", ("echo", "twine upload")),
        ("sudo", ("sudo",)),
        ("uvx", ("uvx",)),
    ],
)
def test_what_is_no_wrapper_stays(script: str, words: tuple[str, ...]) -> None:
    assert read(script)[0].words == words


def test_a_fetched_script_is_run_with_arguments() -> None:
    script = "curl -sSf https://get.grove.example/run | bash -s -- ship --now"
    assert ("grove", "ship", "--now") in [command.words for command in read(script)]


@pytest.mark.parametrize(
    "script",
    ["curl -sSf https://sh.grove.example | sh", "curl -sSf https://grove.example/x | jq -s ."],
)
def test_one_that_only_installs_is_nothing_more(script: str) -> None:
    assert [c.program for c in read(script)] == ["curl", script.partition("| ")[2].split()[0]]


@pytest.mark.parametrize(
    ("script", "inner"),
    [
        (
            "docker run --rm -it -v .:/w -w /w python:3.13 twine upload dist/x",
            "twine upload dist/x",
        ),
        ("podman run --entrypoint twine python upload x", "twine upload x"),
        ("docker exec builder twine upload x", "twine upload x"),
        ("docker run -e A=1 goreleaser/goreleaser:v2 release", "A=1 goreleaser release"),
        ("docker run ghcr.io/astral-sh/uv@sha256:0 publish", "uv publish"),
        ("docker run ghcr.io/astral-sh/uv:alpine uv publish", "uv publish"),
        ('docker run -e TOKEN="$S" --env=A=b -e C node npm publish', "TOKEN='$S' A=b npm publish"),
        ("docker run --rm grove/app", ""),
        ("docker pull goreleaser/goreleaser", ""),
    ],
)
def test_what_a_container_runs(script: str, inner: str) -> None:
    started = in_container(read(script)[0].words)
    assert (started.script if started is not None else "") == inner


def test_heredocs_comments_and_text_are_no_commands() -> None:
    script = 'cat <<EOF\ntwine upload\nEOF\n# twine upload\necho "twine upload"\n'
    assert [c.program for c in read(script)] == ["cat", "echo"]


def test_expressions_are_one_word_and_come_back_as_written() -> None:
    found = upload(
        "twine upload ${{ github.event_name == 'push' && 'a b' || \"c\" }}x dist/${{ m }}"
    )
    assert found.words[2:] == (
        "${{ github.event_name == 'push' && 'a b' || \"c\" }}x",
        "dist/${{ m }}",
    )


def test_characters_outside_ascii_do_not_shift_words() -> None:
    assert upload("echo 'né 🐍' é; twine upload 'dist é/*' ü").words[2:] == ("dist é/*", "ü")


@pytest.mark.parametrize(("style", "line"), [("|", 13), ("", 12), (">", 13)])
def test_lines_are_those_of_the_file(style: str, line: int) -> None:
    script = "set -e\n\ntwine upload"
    found = commands(Scalar(script, 10, 9, 0, 99, style), "")
    assert found[-1].line == line


def test_lines_count_breaks_in_expressions_continuations_and_inner_scripts() -> None:
    script = "echo ${{ a\n}} \\\n  b\nbash -c 'cd x\n  twine upload'\n"
    assert upload(script).line == 15


def test_environment_redirects_and_pipes() -> None:
    script = "A=1 B=${{ secrets.X }} twine upload <<< y > log 2>&1 | sudo tee all\nC=$D\n"
    first, tee, bare = read(script)
    assert first.env == {"A": "1", "B": "${{ secrets.X }}"}
    assert first.redirects == ("<<< y", "> log", "2>&1")
    assert (first.piped_into, tee.words) == ("tee", ("tee", "all"))
    assert (bare.words, bare.env) == ((), {"C": "$D"})


def test_a_group_shares_its_redirection() -> None:
    found = read('{ echo a; echo b; } >> "$GITHUB_ENV"\necho c\n')
    assert [c.redirects for c in found] == [('>> "$GITHUB_ENV"',)] * 2 + [()]


def test_heredocs_name_their_target_and_reader() -> None:
    to_file, reader = read("cat <<EOF > ~/.pypirc\nx\nEOF\ncat <<EOF | sh\nx\nEOF\n")[:2]
    assert set(to_file.redirects) == {"> ~/.pypirc", "<<EOF"}
    assert reader.piped_into == "sh"


def test_written_words_keep_wrappers_and_versions() -> None:
    assert upload("uvx twine@6 upload").written == ("uvx", "twine@6", "upload")


def test_exports_are_commands() -> None:
    assert read("export A=b C")[0].words == ("export", "A=b", "C")


@pytest.mark.parametrize("shell", ["pwsh", "powershell -command \". '{0}'\"", "cmd"])
def test_other_shells_are_read_by_line(shell: str) -> None:
    script = 'echo "twine; upload"\npython -m twine upload "dist/*" --verbose\n'
    assert upload(script, shell).words == ("twine", "upload", "dist/*", "--verbose")


def test_powershell_continues_assigns_and_comments() -> None:
    script = '$env:TWINE_USERNAME = "x"\n# twine upload\n& twine `\n  upload dist\\*; echo done'
    assign, found, done = read(script, "pwsh")
    assert (assign.words, assign.env) == ((), {"TWINE_USERNAME": "x"})
    assert found.words == ("twine", "upload", "dist\\*")
    assert (found.line, done.line) == (13, 14)


def test_cmd_sets_and_comments() -> None:
    script = 'rem twine upload\nset "A=b"\n@echo off\ncall twine ^\n upload dist && echo done'
    found = read(script, "cmd")
    assert [c.words for c in found] == [
        (),
        ("echo", "off"),
        ("twine", "upload", "dist"),
        ("echo", "done"),
    ]
    assert found[0].env == {"A": "b"}


@pytest.mark.parametrize("shell", ["python", "python {0}", "perl {0}", "node {0}", "Rscript {0}"])
def test_other_languages_hold_no_commands(shell: str) -> None:
    assert read("import twine\ntwine.upload()", shell) == ()


@pytest.mark.parametrize("shell", ["bash -l {0}", "sh", "pixi run bash -e {0}", "zsh", ""])
def test_shells_of_the_family_are_read(shell: str) -> None:
    assert upload("twine upload", shell).program == "twine"


@pytest.mark.parametrize("text", ["", "  \n", "true", "\0", "\u00a0twine", "${{", "${{ x"])
def test_odd_texts(text: str) -> None:
    assert all(isinstance(c, Command) for c in read(text))


def test_a_long_script_is_still_read() -> None:
    script = f"echo {'a' * 60}\n" * (MAX_GRAMMAR_LENGTH // 20) + "uv run twine upload dist/*\n"
    assert upload(script).words == ("twine", "upload", "dist/*")


@pytest.mark.parametrize(
    "unit", ["a|", "x=(", "$[", "((a", ">", "$(", "`", "<<A\n", '"$(', "${{", "'", "\\\n", "${a"]
)
def test_bad_input_takes_linear_time(unit: str) -> None:
    script = unit * (120_000 // len(unit))
    started = time.process_time()
    for shell in ("", "pwsh", "cmd"):
        read(script, shell)
    assert time.process_time() - started < 2


_PIECES = st.sampled_from(
    [
        *("twine upload", "\n", "'", '"', "$(", ")", "${{ x }}", "${{", "`", "<<EOF\n", "EOF\n"),
        *("&&", "{", "}", "if ", "then ", "fi", "\\", "é", "\0", " ", "bash -c ", "sudo ", "|"),
        *("A=b ", "> x", "#", "case ", "python -m ", "env ", "eval ", "\u00a0", "xargs -n "),
    ]
)


@settings(max_examples=150, deadline=None)
@example(pieces=["1="], shell="")
@given(st.lists(_PIECES | st.text(max_size=4), max_size=25), st.sampled_from(["", "pwsh", "cmd"]))
def test_any_text_gives_commands(pieces: list[str], shell: str) -> None:
    script = "".join(pieces)
    lines = range(10, 12 + script.count("\n"))
    for command in read(script, shell):
        assert command.line in lines
        assert command.words or command.env
        assert all(isinstance(word, str) for word in command.words)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("gh api repos/$R/pulls/$N/merge", ("gh", "api", "repos/$R/pulls/$N/merge")),
        ("cp a$X/b$Y/c d", ("cp", "a$X/b$Y/c", "d")),
        ("ls $A/$B/$C $D", ("ls", "$A/$B/$C", "$D")),
        ("ls $A/$B $C/$D", ("ls", "$A/$B", "$C/$D")),
        ("""x 'a'$B/"c d"/$E/f""", ("x", "a$B/c d/$E/f")),
    ],
)
def test_a_word_ends_at_a_blank_however_many_variables_it_holds(
    script: str, words: tuple[str, ...]
) -> None:
    assert [command.words for command in read(script)] == [words]
