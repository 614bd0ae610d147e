"""Patches are what ``git apply`` takes, for every ending of a file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.fixes.patch import patch
from audits.model.edit_plan import ChangedFile
from audits.model.source import SourceFile

GIT = shutil.which("git") or ""
PATH = ".github/workflows/release.yml"
LINES = st.lists(st.sampled_from(["a: 1", "b: 2", "", "  c:\r", "ä # ok"]), max_size=12)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))


def changed(before: str | None, after: str, path: str = PATH) -> ChangedFile:
    source = None if before is None else SourceFile.of(path, before.encode())
    return ChangedFile(path=path, before=source, text=after)


def applied(folder: Path, before: str, text: str) -> bytes:
    """What git makes of a file with a patch."""
    place = folder / PATH
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(before.encode())
    words = [GIT, "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    ran = subprocess.run(words, cwd=folder, input=text.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return place.read_bytes()


@pytest.mark.skipif(not GIT, reason="there is no git here")
@given(TEXTS, TEXTS)
@settings(deadline=None, max_examples=30)
def test_git_makes_the_new_text_of_the_old_one(
    tmp_path_factory: pytest.TempPathFactory, before: str, after: str
) -> None:
    text = patch((changed(before, after),))
    if before != after and before and after:
        assert applied(tmp_path_factory.mktemp("patch"), before, text) == after.encode()
    assert bool(text) == (before != after)


@pytest.mark.skipif(not GIT, reason="there is no git here")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\r\nb: 1\r\n", "a: 1\r\nb: 2\r\n"),
        ("a: 1\nb: 2\n", "a: 1\nb: 3"),
        ("a: 1", "a: 1\n\n"),
        ("a: 1\n" * 300 + "b: 1\n", "a: 1\n" * 299 + "c: 2\na: 1\nb: 2\n"),
    ],
)
def test_endings_and_long_files_stay_exact(tmp_path: Path, before: str, after: str) -> None:
    assert applied(tmp_path, before, patch((changed(before, after),))) == after.encode()


def test_a_new_file_comes_from_nothing() -> None:
    text = patch((changed(None, "version: 2\n", ".github/dependabot.yml"),))
    assert text == (
        "diff --git a/.github/dependabot.yml b/.github/dependabot.yml\n"
        "new file mode 100644\n"
        "--- /dev/null\n"
        "+++ b/.github/dependabot.yml\n"
        "@@ -0,0 +1 @@\n"
        "+version: 2\n"
    )


def test_names_are_quoted_as_git_quotes_them() -> None:
    text = patch((changed("a\n", "b\n", '.github/workflows/bö"x.yml'),))
    assert '--- "a/.github/workflows/b\\303\\266\\042x.yml"\n' in text
