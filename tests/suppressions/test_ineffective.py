"""Comments that accept nothing although they are meant to: said once each, and nothing hidden."""

from __future__ import annotations

import pytest

from audits.model.repository import Breadth
from audits.model.source import Gap, GapReason
from audits.pipeline.audit import Rules, audit
from audits.store.write.audit_record import record_of
from audits.suppressions.ineffective import ineffective_comments
from tests.checks.harness import INDEX
from tests.engines.test_zizmor import repository
from tests.engines.zizmor_cases import RELEASE, UPLOAD, workflow

OTHER = ".github/workflows/other.yml"
DEPENDABOT = ".github/dependabot.yml"


def pinned(comment: str) -> str:
    """A release with one action that is not pinned and a comment beside it."""
    return workflow(f"- name: Peel\n  uses: orchard-labs/peel@v1 {comment}\n{UPLOAD}")


def gaps(comment: str) -> tuple[Gap, ...]:
    return ineffective_comments(repository({RELEASE: pinned(comment)}))


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        (
            "# release-audit: ignore[unpinned-action]",
            ", as it gives no reason: write "
            "'# release-audit: ignore[unpinned-action] and the reason'",
        ),
        (
            "# release-audit: ignore[unpined-action, unpinned-image]",
            ", as it gives no reason: write '# release-audit: ignore[unpinned-image] and the reason'",
        ),
        (
            "# release-audit: ignore[] our own",
            ", as it names no check: write '# release-audit: ignore[CHECK] and the reason'",
        ),
        (
            "# v1 # release-audit: ignore unpinned-action our own",
            ", as it names no check: write '# release-audit: ignore[CHECK] and the reason'",
        ),
        (
            "# release-audit: ignore[unpined-action] our own",
            " for 'unpined-action', as there is no such check: write 'unpinned-action'",
        ),
        (
            "# release-audit: ignore[*, unpinned-action] our own",
            " for '*', as there is no such check: write a name that 'release-audit explain' lists",
        ),
    ],
)
def test_a_comment_that_accepts_nothing_is_reported_with_its_place(comment: str, said: str) -> None:
    (gap,) = gaps(comment)
    line = pinned(comment).split("\n").index(f"        uses: orchard-labs/peel@v1 {comment}") + 1
    assert (gap.line, gap.reason) == (line, GapReason.INVALID)
    assert gap.detail == f"{RELEASE}, line {line}: the comment accepts nothing{said}"


@pytest.mark.parametrize(
    "comment",
    [
        "# release-audit: ignore[unpinned-action] our own",
        "# release-audit: ignore[zizmor/bot-conditions] nothing of it is here",
        "# release-audit: ignore[unnamed-step] nothing of it is here",
        "# zizmor: ignore[unpinned-uses]",
        "# zizmor: ignore[no-such-rule]",
        "# release-audit: ignored things are listed elsewhere",
        "# we ignore release-audit here",
    ],
)
def test_other_comments_are_no_gap(comment: str) -> None:
    assert gaps(comment) == ()


def test_nothing_else_is_hidden_and_coverage_stays() -> None:
    found = audit(
        repository({RELEASE: pinned("# release-audit: ignore[no] why")}), Rules(index=INDEX)
    )
    plain = audit(repository({RELEASE: pinned("# why")}), Rules(index=INDEX))
    assert len(found.repository.gaps) == len(plain.repository.gaps) + 1
    assert found.score == plain.score
    assert record_of(found).visibility.would_see("unpinned-action", RELEASE, True)
    assert [(r.check, r.outcome) for r in found.results] == [
        (r.check, r.outcome) for r in plain.results
    ]


def test_only_files_that_are_looked_at_count() -> None:
    comment = "# release-audit: ignore[unpinned-action]"
    other = f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@v1 {comment}\n"
    files = {
        RELEASE: pinned(""),
        OTHER: other,
        DEPENDABOT: f"version: 2 {comment}\nupdates: []\n",
        "action.yml": f"name: x {comment}\n",
    }
    assert [gap.subject for gap in ineffective_comments(repository(files))] == [
        f"comment in {DEPENDABOT}"
    ]
    assert [gap.subject for gap in ineffective_comments(repository(files, Breadth.ALL))] == [
        f"comment in {OTHER}",
        "comment in action.yml",
        f"comment in {DEPENDABOT}",
    ]


def test_a_file_full_of_them_is_reported_in_part() -> None:
    text = workflow(UPLOAD) + "# release-audit: ignore[]\n" * 1000
    assert len(ineffective_comments(repository({RELEASE: text}))) == 20
