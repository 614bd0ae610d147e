"""What the store keeps of audits of invented repositories."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.score import Audit
from audits.pipeline.audit import Rules, audit
from audits.store.snapshots import index_of
from audits.store.write.result_rows import Row
from audits.store.write.rows import package_row
from tests.checks.harness import INDEX
from tests.engines.test_zizmor import repository
from tests.workflow.publish.uploads import RELEASE, job_of, run_of

BOTH = run_of(
    "npm publish\ntwine upload dist/*",
    env="NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'",
)
FILES = {
    RELEASE: BOTH,
    "pyproject.toml": '[project]\nname = "lumen"\n',
    "package.json": '{"name": "lumen-js"}',
}


def test_each_package_of_a_step_has_its_own_credential() -> None:
    audited = audit(repository(FILES), Rules(index=INDEX))
    rows = [package_row(audited, status) for status in audited.statuses]
    auths = {p.packages[0]: p.auth.value for p in audited.publications}
    assert len(set(auths.values())) == 2
    assert {row["package"]: row["auth"] for row in rows} == auths


def _lumen(*repositories: str) -> Audit:
    """A package whose name is not in its normal form, attested for these repositories."""
    attested = tuple(
        Provenance(kind=PublisherKind.GITHUB, repository=name, workflow="release.yml")
        for name in repositories
    )
    release = Release(version="2.0", uploaded=None, files=2, provenance=attested)
    known = PackageEvidence(registry="pypi", name="lumen-core", releases=(release,))
    files = {RELEASE: run_of("twine upload dist/*"), "pyproject.toml": _NAMED}
    read = replace(repository(files), index={("pypi", "lumen-core"): known})
    return audit(read, Rules(index=INDEX))


_NAMED = '[project]\nname = "Lumen.Core"\n'


def test_of_several_publishers_the_strange_one_is_shown() -> None:
    audited = _lumen("orchard-labs/lumen", "stranger/lumen")
    (row,) = (package_row(audited, status) for status in audited.statuses)
    assert row["publisher_repository"] == "stranger/lumen"


def test_evidence_is_kept_by_the_name_that_its_registry_compares() -> None:
    kept = index_of(_lumen("orchard-labs/lumen"))
    assert isinstance(kept, Mapping)
    assert list(kept) == [("pypi", "lumen-core")]


def test_who_can_publish_to_a_private_registry_alone_is_kept_with_the_package() -> None:
    command = "npm publish --registry https://npm.corp.example/"
    private = run_of(command, env="NODE_AUTH_TOKEN: '${{ secrets.CORP_TOKEN }}'")
    files = {RELEASE: private, "package.json": '{"name": "lumen-js"}'}
    audited = audit(repository(files), Rules(index=INDEX))
    (row,) = (package_row(audited, status) for status in audited.statuses)
    assert (row["package"], row["level"]) == ("lumen-js", "one-writer")


def _by(action: str) -> str:
    """A workflow that publishes by an identity, beside an action of a third party."""
    return job_of(f"- uses: {action}@v1\n- uses: pypa/gh-action-pypi-publish@{'0' * 40}")


def test_what_closes_a_package_closes_it_in_all_workflows_that_publish_it() -> None:
    files = {"pyproject.toml": '[project]\nname = "lumen"\n', RELEASE: _by("stranger/one")}
    (alone,) = _rows(files)
    second = {".github/workflows/second.yml": _by("stranger/two")}
    (both,) = _rows({**files, **second})
    assert alone["level"] == both["level"] == "third-party"
    assert "stranger/one" in both["cut"]
    assert "stranger/two" in both["cut"]
    assert both["cut_edits"] == alone["cut_edits"] + 1
    assert both["cut_leaves"] != "third-party"
    assert both["paths_third_party"] == 2 * alone["paths_third_party"]


def _rows(files: dict[str, str]) -> list[Row]:
    audited = audit(repository(files), Rules(index=INDEX))
    return [package_row(audited, status) for status in audited.statuses]
