"""The proof refuses edits that do more than they say."""

from __future__ import annotations

import pytest

from audits.model.outcome import Edit
from audits.model.source import SourceFile
from audits.pipeline.edit_proof import removal_places, shared_spans, tree_fault

PATH = ".github/workflows/release.yml"
TEXT = """\
on: push
permissions:
  contents: read
  packages: write
jobs:
  a:
    runs-on: x
    steps:
      - uses: a/b@v1
        with: {x: 1}
      - run: y
"""


def fault(at: str, new: str, *, old: str = "", text: str = TEXT) -> str:
    start = text.index(at)
    file = SourceFile.of(PATH, text.encode())
    edit = Edit(path=PATH, start=start, end=start + len(old), old=old, new=new, oid=file.oid)
    after = text[:start] + new + text[start + len(old) :]
    return tree_fault(file, SourceFile.of(PATH, after.encode()), (edit,))


@pytest.mark.parametrize(
    ("at", "new", "old"),
    [
        ("    runs-on", "    name: A\n", ""),
        ("v1", "abc # v1", "v1"),
        ("  packages", "", "  packages: write\n"),
        ("}\n      - run", ", y: 2", ""),
        ("push", "\n  push:", "push"),
        ("      - uses: a/b@v1", "      - run: z\n", ""),
    ],
)
def test_an_edit_that_does_what_it_says_passes(at: str, new: str, old: str) -> None:
    assert fault(at, new, old=old) == ""


@pytest.mark.parametrize(
    ("at", "new", "old"),
    [
        ("    steps:", "  b:\n", ""),  # the steps would belong to another job
        ("  contents", "", "  contents: read\n  packages: write\n"),  # leaves a key without a value
        ("  a:", "  ? [", ""),  # no YAML
        ("      - run: y", "        #", ""),  # the step becomes a comment
        ("runs-on", "runs-on: z\n    ", ""),  # a key twice
    ],
)
def test_an_edit_that_does_more_is_refused(at: str, new: str, old: str) -> None:
    assert fault(at, new, old=old)


def test_two_removals_from_one_mapping_are_at_one_place() -> None:
    file = SourceFile.of(PATH, TEXT.encode())

    def removal(line: str) -> Edit:
        start = TEXT.index(line)
        return Edit(path=PATH, start=start, end=start + len(line), old=line, new="", oid=file.oid)

    one, two = removal("  contents: read\n"), removal("  packages: write\n")
    assert removal_places(file, (one,)) == removal_places(file, (two,))
    assert removal_places(file, (removal("      - run: y\n"),)) != removal_places(file, (one,))


def test_what_an_alias_uses_again_is_known() -> None:
    text = TEXT.replace("- uses", "- &build\n        uses") + "      - *build\n"
    file = SourceFile.of(PATH, text.encode())
    ((start, end),) = shared_spans(file)
    assert "a/b@v1" in text[start:end]
    assert shared_spans(SourceFile.of(PATH, TEXT.encode())) == ()
