"""The same answers on every Python that is allowed: no construct that some releases have wrong."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from audits.expressions.syntax import BrokenReaderError, Context, contexts, self_test

ROOT = Path(__file__).parent.parent
# Escaped characters and sets, in which these signs stand for themselves.
_PLAIN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_WRONG_BEFORE_3_11_5 = re.compile(r"[*+?}]\+|\(\?>")


def is_unsafe(pattern: str) -> bool:
    """Whether a pattern has a possessive quantifier or an atomic group."""
    return _WRONG_BEFORE_3_11_5.search(_PLAIN.sub("x", pattern)) is not None


def modules() -> Iterator[Path]:
    for package in ("audits", "dashboard", "tests"):
        yield from sorted((ROOT / package).rglob("*.py"))


def written_patterns(path: Path) -> Iterator[str]:
    """What stands as a first argument of the functions of `re`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re":
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def compiled_patterns(name: str) -> Iterator[str]:
    """The patterns that a module keeps, also those put together from parts."""
    for value in vars(import_module(name)).values():
        held = value.values() if isinstance(value, dict) else (value,)
        yield from (str(each.pattern) for each in held if isinstance(each, re.Pattern))


def test_no_pattern_is_possessive_or_atomic() -> None:
    written = {(path, p) for path in modules() for p in written_patterns(path)}
    assert len(written) > 100
    assert [(str(path), p) for path, p in written if is_unsafe(p)] == []
    kept: list[str] = []
    for path in sorted((ROOT / "audits").rglob("*.py")):
        if "migrations" not in path.parts:
            kept += compiled_patterns(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert len(kept) > 50
    assert [p for p in kept if is_unsafe(p)] == []


@pytest.mark.parametrize("pattern", ["a*+", "a++b", "(?:ab)?+", "a{1,2}+", "(?>a)", r"[\]+]*+"])
def test_such_a_pattern_is_noticed(pattern: str) -> None:
    assert is_unsafe(pattern)


@pytest.mark.parametrize(
    "pattern", ["a*", r"\*+", "[*+]+", "[]*+]x", r"a\++", "(?:a)b+", r"[^\]*+]"]
)
def test_a_usual_one_is_not(pattern: str) -> None:
    assert not is_unsafe(pattern)


def test_the_reader_of_expressions_tests_itself() -> None:
    self_test()

    def blind(text: str) -> Iterator[Context]:
        return iter(())

    def sees_one(text: str) -> Iterator[Context]:
        yield from list(contexts(text))[:1]

    for reader in (blind, sees_one):
        with pytest.raises(BrokenReaderError, match="reads GitHub's expressions wrongly"):
            self_test(reader)


# What CPython 3.11.2 makes of a possessive group, for every pattern that begins like a fence.
BROKEN = """
import re, sys
real = re.compile
re.compile = lambda p, f=0: real(r"(?!)" if str(p).startswith(r"\\$\\{\\{(?P<body>") else p, f)
from audits.cli import main
sys.argv = ["release-audit", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("words", [("check", "lumen"), ("scan", "--folder", ".", "--offline")])
def test_nothing_is_judged_where_the_reader_fails(words: tuple[str, ...], tmp_path: Path) -> None:
    workflows = tmp_path / "lumen/.github/workflows"
    workflows.mkdir(parents=True)
    (workflows / "release.yml").write_text("on: push\njobs: {}\n", "utf-8")
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    message, advice = done.stderr.splitlines()
    assert message.startswith("error: This Python (")
    assert advice.startswith("advice: ")
