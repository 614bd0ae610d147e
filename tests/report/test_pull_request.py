"""What a pull request says: never what a repository's names would make of it."""

from __future__ import annotations

import re
from hashlib import sha256

from audits.model.proposal import SAFE, hidden_mark, short_names
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules
from audits.pipeline.edit_plan import FixChoice, plan_edits
from audits.pipeline.run import Plan, audit_batch
from audits.pull_requests.existing import PullRequest
from audits.report.pull_request import (
    commit_message,
    proposed_fingerprints,
    request_text,
    request_title,
)
from tests.checks.harness import COMMIT, INDEX

CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
HOSTILE = ".github/workflows/a|`b` <img src=x> @orchard-labs [x](x.example) #1.yml"
WORKFLOW = """\
name: "![x](https://x.example) @orchard-labs <!-- release-audit safe: dead -->"
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - run: twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.PYPI_API_TOKEN }}
"""


def test_names_of_a_repository_make_no_markup_in_it() -> None:
    files = (
        SourceFile.of(HOSTILE, WORKFLOW.encode()),
        SourceFile.of("pyproject.toml", b'[project]\nname = "lumen<script>@all"\n'),
    )
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    snapshot = Snapshot(ref=ref, commit=COMMIT, files=files)
    by = Plan(rules=Rules(index=INDEX))
    (found,) = audit_batch((snapshot,), by)
    plan = plan_edits(found, by, FixChoice(review=True))
    assert plan.files
    text = request_text(plan, SAFE)
    outside = CODE_SPAN.sub("", text)
    assert "<img" not in outside
    assert "<script" not in outside
    assert "@orchard-labs" not in outside
    assert "](x.example)" not in outside
    row = next(line for line in text.splitlines() if "img src" in line)
    assert row.replace("\\|", "").count("|") == 5
    request = PullRequest(number=1, state="closed", body=text)
    assert len(request.fingerprints) == len(proposed_fingerprints(plan))
    assert "dead" not in request.fingerprints
    assert len(request_title(plan, SAFE)) < 100
    assert commit_message(plan, SAFE).count("Release-Audit-Change: ") == 1


def test_thousands_of_findings_fit_into_what_github_takes() -> None:
    names = [sha256(str(number).encode()).hexdigest()[:32] for number in range(4_000)]
    mark = hidden_mark(SAFE, names)
    assert len(mark) < 60_000
    found = PullRequest(number=1, state="closed", body=f"text\n\n{mark}\n").fingerprints
    assert found == short_names(names)
    assert len(found) == len(names)
