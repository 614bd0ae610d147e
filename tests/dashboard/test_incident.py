"""An incident: which jobs are concerned, what is said of them, and what is handed on."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec.structs import replace

from audits.model.query import JobFilter
from audits.model.rows import JobRow
from audits.store.open import open_store
from dashboard import data
from dashboard.frames import incident

ROW = JobRow(
    owner="orchard-labs",
    repository="lumen",
    host="github.com",
    audited="c0ffee" + "0" * 34,
    path=".github/workflows/release.yml",
    job="publish",
    line=9,
    role="publishing job",
    in_release=True,
    events=("push",),
    runners=("ubuntu-latest",),
    environment="pypi",
    permissions="contents: read",
    secrets=("pypi_token",),
    publishes=("pypi lumen",),
    action="some/action",
    ref="v4.2.0",
)
SHA = "a" * 40


@pytest.mark.parametrize(
    ("ref", "comment", "versions", "found"),
    [
        ("v4.2.0", "", "", True),
        ("v4.2.0", "", ">=4.1,<4.2.1", True),
        ("v4.2.1", "", ">=4.1,<4.2.1", False),
        ("v4", "", ">=4.1,<4.2.1", None),
        ("v3", "", ">=4.1,<4.2.1", False),
        ("main", "", "<4.2.1", None),
        (SHA, "v4.2.0", "<4.2.1", True),
        (SHA, "v4.2.1", "<4.2.1", False),
        (SHA, "", "<4.2.1", None),
        ("v4", "", "v4", True),
        ("v4.1", "", "v4", False),
        (SHA, "", "aaaaaaaa", True),
        (SHA, "", "bbbbbbbb", False),
        (SHA, "v4", "V4", True),
    ],
)
def test_a_use_is_at_a_version_is_not_or_may_be(
    ref: str, comment: str, versions: str, found: bool | None
) -> None:
    row = replace(ROW, ref=ref, comment=comment)
    answer = incident.concerned([row], versions)
    assert answer.sure == ((row,) if found else ())
    assert answer.perhaps == ((row,) if found is None else ())


def test_the_commit_that_a_ref_was_counts_too() -> None:
    row = replace(ROW, ref="v4", commit=SHA)
    assert incident.concerned([row], SHA).sure == (row,)


def test_the_verdict_names_jobs_packages_secrets_and_rights() -> None:
    other = replace(
        ROW,
        repository="fennel",
        job="test",
        role="other job",
        secrets=(),
        publishes=(),
        permissions="write-all",
    )
    said = incident.verdict(incident.Concerned(sure=(ROW, other)), "some/action", "o", 9)
    assert said.startswith("some/action: 2 jobs in 2 of 9 repositories of o. ")
    assert "1 repository builds or publishes a release in such a job (pypi lumen)." in said
    assert "Secrets in reach: PYPI_TOKEN." in said
    assert "1 use has a token that may write." in said
    twice = replace(ROW, job="again", publishes=("pypi", "pypi fern"))
    said = incident.verdict(incident.Concerned(sure=(ROW, twice)), "some/action", "o", 9)
    words = (
        "1 repository builds or publishes a release in such a job (pypi fern, pypi lumen, pypi)."
    )
    assert words in said
    alone = incident.verdict(incident.Concerned(perhaps=(other,)), "x", "o", 9)
    assert "None of these jobs builds or publishes a release." in alone
    assert "Of 1 use the version is not known for sure." in alone
    assert "No stored secret is in reach" in alone
    none = incident.verdict(incident.Concerned(), "x", "o", 9)
    assert none == "x is used by no job that was seen in the 9 repositories of o."
    every = incident.verdict(incident.Concerned(sure=(replace(ROW, secrets=("*",)),)), "x", "o", 9)
    assert "Secrets in reach: all of the repository." in every


def test_an_issue_holds_what_to_check_and_calls_nobody() -> None:
    odd = replace(ROW, job="x`@somebody")
    found = incident.by_repository([ROW, odd, replace(ROW, repository="fennel")])
    assert list(found) == [("orchard-labs", "lumen"), ("orchard-labs", "fennel")]
    text = incident.issue(found[("orchard-labs", "lumen")], "some/action")
    assert "- [ ] `.github/workflows/release.yml`, job `publish` at `v4.2.0`" in text
    assert "secrets in reach: `PYPI_TOKEN`" in text
    assert "job `x'@somebody`" in text
    assert b"# `orchard-labs/fennel`" in incident.issues_file(found, "some/action")


def test_the_table_links_to_the_line_and_shows_a_release_first() -> None:
    frame = incident.table([replace(ROW, role="other job", job="test"), ROW])
    assert list(frame["job"]) == ["publish", "test"]
    first = incident.table([replace(ROW, role="other job", job="test"), ROW], 1)
    assert list(first["job"]) == ["publish"]
    assert str(frame.loc[0, "link"]).endswith("/.github/workflows/release.yml#L9")
    assert incident.table([replace(ROW, line=0, job="")]).loc[0, "job"] == "(composite action)"


def test_jobs_are_found_by_what_they_run_read_and_run_on(databases: dict[str, str]) -> None:
    store = open_store(databases["two"], read_only=True)

    def names(where: JobFilter, owner: str | None = None) -> set[tuple[str, str, str]]:
        return {(r.owner, r.repository, r.job) for r in store.jobs(owner=owner, where=where)}

    holding = names(JobFilter(reads="pypi_token"))
    assert holding == names(JobFilter(reads="PYPI_TOKEN"))
    assert ("orchard-labs", "sorrel", "publish") in holding
    assert {owner for owner, _, _ in holding} == {"orchard-labs"}
    assert names(JobFilter(reads="pypi")) == set()
    assert ("tinroof", "lumen", "build") in names(JobFilter(runner="Ubuntu-24.04"))
    checkout = names(JobFilter(action="ACTIONS/checkout", exact=True))
    assert {owner for owner, _, _ in checkout} == {"orchard-labs", "tinroof"}
    assert names(JobFilter(action="checkout", exact=True)) == set()
    assert names(JobFilter(action="checkout")) == checkout
    assert names(JobFilter(action="checkout"), "tinroof") == {("tinroof", "lumen", "build")}
    assert store.job_words()["secrets"] == ("pypi_token",)
    assert store.job_words(owner="tinroof")["runners"] == ("ubuntu-24.04",)
    rows = store.jobs(where=JobFilter(reads="pypi_token"))
    row = next(r for r in rows if r.repository == "sorrel")
    assert (row.publishes, row.events, row.role) == (("pypi sorrel",), ("push",), "publishing job")
    store.close()


def test_the_csv_has_a_line_for_each_row() -> None:
    lines = list(csv.DictReader(io.StringIO(data.incident_csv([ROW, ROW]).decode())))
    assert [line["job"] for line in lines] == ["publish", "publish"]
    assert lines[0]["secrets"] == "pypi_token"
