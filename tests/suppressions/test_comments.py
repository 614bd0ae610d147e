"""Comments that accept findings, searched for in any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audits.model.source import SourceFile
from audits.suppressions.comments import comment_start, marks_of

RELEASE = ".github/workflows/release.yml"


@given(st.text(alphabet="a#'\"|>-: \n[]{}\\é\t\r", max_size=200))
def test_any_text_is_searched_for_comments(text: str) -> None:
    marked = text + "\n# release-audit: ignore[unpinned-action] why\n"
    for mark in marks_of(SourceFile.of(RELEASE, marked.encode())):
        assert comment_start(marked.split("\n")[mark.line - 1]) >= 0
