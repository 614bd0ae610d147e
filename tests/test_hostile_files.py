"""What generated and hostile workflow files cost from their text to the audit (design §13)."""

from __future__ import annotations

from time import process_time

import pytest

from audits.audit import Rules, audit
from audits.model.score import Audit
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.workflow.read import read_repository
from tests.checks.harness import INDEX
from tests.test_score import LESSON

MOST_TIMES = 600
"""What a file may cost: so many times a usual one, which takes 3.4 ms where this is 2 s. In
seconds it would be a bound on the machine, and on what else runs there.
"""
EVENTS = (
    "push, pull_request_target, workflow_run, issue_comment, release, schedule, create, issues,"
    "workflow_dispatch, merge_group, pull_request, status, watch, fork, gollum, label, milestone"
)
HEAD = f"on: [{EVENTS}]\njobs:\n"
UPLOAD = "      - run: twine upload dist/*\n        env: {TWINE_PASSWORD: '${{ secrets.T }}'}\n"
UPLOADS = "twine upload a; npm publish; cargo publish; gem push x; docker push a; uv publish"


def job(number: int, steps: str = UPLOAD, more: str = "") -> str:
    return f"  j{number}:\n    runs-on: x\n{more}    steps:\n{steps}"


def each_waits_for_all(count: int, condition: str = "github.run_id", steps: str = UPLOAD) -> str:
    needs = [", ".join(f"j{above}" for above in range(number)) for number in range(count)]
    more = [f"    needs: [{names}]\n    if: {condition}\n" for names in needs]
    return HEAD + "".join(job(number, steps, more[number]) for number in range(count))


def script(*lines: str, more: str = "") -> str:
    inside = "".join(f"          {line}\n" for line in lines)
    return f"      - run: |\n{inside}          twine upload dist/*\n{more}"


def audited(text: str) -> Audit:
    files = (SourceFile.of(".github/workflows/release.yml", text.encode()),)
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=files)
    repository = read_repository(snapshot, channel=INDEX.channel_of)
    return audit(repository, Rules(index=INDEX))


def usual_seconds() -> float:
    """What a usual file takes now; what the first one imports and compiles left out."""
    audited(LESSON)
    started = process_time()
    for _ in range(15):
        audited(LESSON)
    return (process_time() - started) / 15


def measured(text: str) -> tuple[Audit, float]:
    """The audit, and how many times as long it took as one of a usual file, before or after."""
    before = usual_seconds()
    started = process_time()
    found = audited(text)
    took = process_time() - started
    return found, took / max(before, usual_seconds())


VARIABLES = "".join(f"          V{n}: ${{{{ env.V{n + 1} }}}}\n" for n in range(2000))
COLLECTED = "${{ !cancelled() && !contains(needs.*.result, 'failure') }}"
FILES = {
    "each job waits for all before it": each_waits_for_all(200),
    "under a condition": each_waits_for_all(150, "needs.j1.outputs.x == matrix.y"),
    "under one that outlives a failure": each_waits_for_all(150, COLLECTED),
    "with expressions": each_waits_for_all(120, steps=script("echo ${{ github.head_ref }}")),
    "in a circle": HEAD
    + "".join(
        job(n, more=f"    needs: [{', '.join(f'j{k}' for k in range(200) if k != n)}]\n")
        for n in range(100)
    ),
    "thousands of uploads": HEAD + "".join(job(n, script(UPLOADS) * 2) for n in range(250)),
    "thousands of expressions in a line": HEAD + job(0, script("${{ github.head_ref }} " * 9000)),
    "expressions of folded text": HEAD
    + job(0, script(*["${{ github.head_ref }}"] * 5000).replace("|", ">") + UPLOAD),
    "a chain of variables": HEAD
    + job(
        0,
        script(*(f"${{{{ env.V{n} }}}}" for n in range(2000)), more=f"        env:\n{VARIABLES}"),
    ),
    "steps under conditions": HEAD
    + job(
        0,
        "".join(
            f"      - run: echo ${{{{ github.head_ref }}}}\n        if: failure() || env.x == {n}\n"
            for n in range(350)
        )
        + UPLOAD * 50,
    ),
    "thousands of downloads": HEAD
    + job(0, script(*(f"curl -o f{n} https://x.example/f; ./f{n}" for n in range(2000)))),
    "thousands of redirections": HEAD
    + job(0, script("{ " + "a; " * 1200 + "} > x", "{ " + "b; " * 1200 + "} > y") * 15),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_that_few_would_write_is_judged_in_time(text: str) -> None:
    found, times = measured(text)
    assert times < MOST_TIMES
    assert found.publications
    assert not any(result.crash for result in found.results)


def test_publications_that_are_left_out_are_a_gap() -> None:
    many = audited(FILES["thousands of uploads"])
    (gap,) = (g for g in many.repository.gaps if g.reason is GapReason.TOO_LARGE)
    assert gap.subject == ".github/workflows/release.yml"
    assert (many.score.coverage or 0) < (audited(HEAD + job(0)).score.coverage or 0)
    assert not audited(HEAD + "".join(map(job, range(100)))).repository.gaps


LONG = "x: &s\n  run: |\n" + "    twine upload dist/*; curl x | sh\n" * 3000
WIDE = "x: &e {" + ", ".join(f"V{n}: y" for n in range(5000)) + "}\n"
PATTERNS = "\n".join(f"      - 'v{n}.*'" for n in range(5000))


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG}on: push\njobs: {{a: {{steps: [{', '.join(['*s'] * 400)}]}}}}\n",
        WIDE + HEAD + "".join(job(n, more="    env: *e\n") for n in range(250)),
        WIDE + HEAD + "".join(job(n, more="    services: *e\n") for n in range(250)),
        f"on: [{', '.join(['push'] * 20_000)}]\njobs:\n{job(0)}",
        f"on:\n  push:\n    tags:\n{PATTERNS}\njobs:\n{job(0)}",
    ],
)
def test_a_file_that_nobody_can_follow_is_a_gap(text: str) -> None:
    found, times = measured(text)
    assert times < MOST_TIMES
    assert [gap.reason for gap in found.repository.gaps] == [GapReason.TOO_LARGE]


def test_aliases_of_usual_files_are_read() -> None:
    text = "x: &e {A: b}\ny: &s {run: twine upload dist/*}\n" + HEAD
    found = audited(text + job(0, "      - *s\n" * 3, "    env: *e\n"))
    assert (len(found.publications), found.repository.gaps) == (3, ())
