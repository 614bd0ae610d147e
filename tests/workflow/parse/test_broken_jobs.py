"""Jobs that GitHub refuses to run: a gap with the job's line."""

from __future__ import annotations

import pytest

from tests.workflow.parse.test_parse import parsed


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("{steps: []}", "has no 'runs-on:'"),
        ("{runs-on: , steps: []}", "has no 'runs-on:'"),
        ("{runs-on: null, steps: []}", "has no 'runs-on:'"),
        ("{}", "has neither 'steps:' nor 'uses:'"),
        ("{runs-on: x}", "has neither 'steps:' nor 'uses:'"),
        ("{runs-on: x, steps: []}", ""),
        ("{runs-on: [x, y], steps: []}", ""),
        ("{runs-on: {group: g}, steps: []}", ""),
        ("{runs-on: '${{ matrix.os }}', steps: []}", ""),
        ("{uses: ./.github/workflows/a.yml}", ""),
    ],
)
def test_a_job_that_nothing_runs_is_a_gap(job: str, said: str) -> None:
    found = parsed(f"on: push\njobs:\n  good: {{runs-on: x, steps: []}}\n  odd: {job}\n")
    assert found.workflow is not None
    assert [job.id for job in found.workflow.jobs] == ["good", "odd"]
    place = f"{found.workflow.path}, line 4: the job 'odd' {said}; GitHub cannot run it: correct it"
    assert [(gap.line, gap.detail) for gap in found.gaps] == ([(4, place)] if said else [])
