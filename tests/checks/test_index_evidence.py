"""What checks say of a package's evidence: exactly what is known, and what is left open."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.check import Example
from audits.checks import all_checks
from audits.model.evidence import FileThen, PackageEvidence, Provenance, PublisherKind, Release
from audits.model.outcome import Clean, Finding, Unknown, Verdict
from audits.model.repository import Repository
from audits.model.settings import Need, RepositorySettings, Unseen
from audits.model.source import RepositoryRef
from tests.checks.harness import repository_of

COMMIT = "c" * 40
PATH = ".github/workflows/release.yml"
HEAD = """\
on: release
jobs:
  publish:
    runs-on: {runner}
    environment: pypi
    permissions: {permissions}
    steps:
"""
STEP = (
    "      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2\n"
)
TOKEN = "        with: {password: '${{ secrets.PYPI_TOKEN }}'}\n"
NPM = "      - run: npm publish\n"
NPM_TOKEN = "        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}\n"
FILES = {
    "pyproject.toml": '[project]\nname = "Lumen"\n',
    "package.json": '{"name": "lumen", "version": "1.0.0"}\n',
}
OURS = Provenance(
    kind=PublisherKind.GITHUB,
    repository="orchard-labs/lumen",
    workflow="release.yml",
    environment="pypi",
    runner="github-hosted",
    commit=COMMIT,
    repository_id="4242",
)
STRANGER = replace(OURS, repository="stranger/lumen", repository_id="9")
HIDDEN = Unseen(need=Need.INDEX, reason="the index answered 503")


def release(version: str, *provenance: Provenance, attested: int | None = None) -> Release:
    return Release(
        version=version, uploaded=None, files=2, provenance=provenance, attested_files=attested
    )


def evidence(
    *releases: Release, registry: str = "pypi", trusted: bool | None = None
) -> PackageEvidence:
    return PackageEvidence(
        registry=registry, name="lumen", releases=releases, trusted_publisher=trusted
    )


def subject(
    step: str, *seen: PackageEvidence, id_token: bool = True, runner: str = "ubuntu-latest"
) -> Repository:
    permissions = "{id-token: write}" if id_token else "{}"
    text = HEAD.format(runner=runner, permissions=permissions) + step
    settings = RepositorySettings.partial(secret_names=("PYPI_TOKEN", "NPM_TOKEN"))
    example = Example(name="", workflow=text, files=FILES, evidence=seen, settings=settings)
    return repository_of(example)


def said(check: str, repo: Repository) -> tuple[Verdict, ...]:
    (found,) = (c for c in all_checks() if c.id == check)
    return tuple(found.judge(repo))


def message(check: str, repo: Repository) -> str:
    (found,) = said(check, repo)
    assert isinstance(found, Finding)
    return found.message


@pytest.mark.parametrize(
    ("step", "seen", "words"),
    [
        (
            STEP + TOKEN,
            evidence(release("2.0", OURS)),
            "The newest release, 2.0, came from a trusted publisher: one exists, and the token can go",
        ),
        (STEP + TOKEN, evidence(release("2.0", STRANGER)), "(`id-token: write`)"),
        (
            STEP + TOKEN,
            evidence(replace(release("2.0", attested=2), provenance=HIDDEN)),
            "(`id-token: write`)",
        ),
        (
            STEP + TOKEN,
            evidence(release("2.0"), release("1.0", OURS)),
            "2.0, is not attested, though 1.0 was: the index leaves open how it was uploaded",
        ),
        (
            STEP + TOKEN,
            evidence(release("2.0"), release("1.0", STRANGER)),
            "2.0, is not attested: the index leaves open how it was uploaded",
        ),
        (STEP + TOKEN, evidence(), "(`id-token: write`)"),
        (
            NPM + NPM_TOKEN,
            evidence(release("2.0", OURS), registry="npm", trusted=True),
            "2.0, came from a trusted publisher: one exists, and the token can go",
        ),
        (
            NPM + NPM_TOKEN,
            evidence(release("2.0", OURS), registry="npm", trusted=False),
            "2.0, did not come from a trusted publisher, as far as the registry says",
        ),
        (
            NPM + NPM_TOKEN,
            evidence(release("2.0", OURS), registry="npm"),
            "tokens that bypass two-factor authentication can no longer publish directly",
        ),
    ],
)
def test_a_token_beside_a_trusted_path(step: str, seen: PackageEvidence, words: str) -> None:
    assert message("long-lived-token", subject(step, seen)).endswith(words)


def test_a_token_without_a_trusted_path_in_sight() -> None:
    found = message(
        "long-lived-token", subject(STEP + TOKEN, evidence(release("2.0")), id_token=False)
    )
    assert found.endswith("the stored credential `secrets.PYPI_TOKEN`")


@pytest.mark.parametrize(
    ("trusted", "kind"), [(True, Finding), (False, type(None)), (None, Unknown)]
)
def test_provenance_with_a_token_says_nothing_against_the_token(
    trusted: bool | None, kind: type[object]
) -> None:
    seen = evidence(release("2.0", OURS), registry="npm", trusted=trusted)
    found = said("leftover-token-secret", subject(NPM, seen))
    assert isinstance(found[0] if found else None, kind)


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (None, Clean),
        (FileThen(commit_known=False), Clean),
        (FileThen(oid="0" * 40, text="on: push\n"), Unknown),
    ],
)
def test_a_runner_of_before_the_workflow_changed_is_not_known(
    then: FileThen | None, kind: type[Verdict]
) -> None:
    repo = subject(STEP, evidence(release("2.0", OURS)), runner="big-box")
    repo = replace(repo, released={} if then is None else {(COMMIT, PATH): then})
    (found,) = said("self-hosted-publisher", repo)
    assert isinstance(found, kind)


def test_the_worst_runner_of_several_files_counts() -> None:
    both = release("2.0", OURS, replace(OURS, runner="self-hosted"))
    found = message("self-hosted-publisher", subject(STEP, evidence(both), runner="big-box"))
    assert found == "The latest release was published from a self-hosted runner, as it is attested"


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ("release.yml", ": every job of `release.yml` may publish, in `pypi` or not"),
        (
            "old.yml",
            ": every job of `old.yml` may publish, which is not here today and can be added on any branch",
        ),
        ("", ": every job of its workflow file may publish"),
    ],
)
def test_what_a_publisher_without_environment_lets_publish(workflow: str, words: str) -> None:
    made = replace(OURS, environment="", workflow=workflow)
    found = message("publisher-without-environment", subject(STEP, evidence(release("2.0", made))))
    assert found == f"The trusted publisher of `Lumen` names no environment{words}"


@pytest.mark.parametrize(
    ("made", "identity", "words"),
    [
        (STRANGER, 4242, "for `stranger/lumen`, not for this repository"),
        (
            STRANGER,
            None,
            "not for this repository (by name alone, as its id is not known: one that "
            "was renamed since looks the same)",
        ),
        (
            replace(STRANGER, repository_id=""),
            4242,
            "(by name alone, as the evidence gives no id: one that was renamed since looks the same)",
        ),
        (
            replace(OURS, repository_id="9"),
            4242,
            "for `orchard-labs/lumen` (repository 9 on github.com), not for this repository",
        ),
        (replace(STRANGER, kind=PublisherKind.GITLAB), None, "on GitLab, not for this repository"),
    ],
)
def test_what_shows_a_mismatch(made: Provenance, identity: int | None, words: str) -> None:
    repo = subject(STEP, evidence(release("2.0", made)))
    repo = replace(repo, snapshot=replace(repo.snapshot, database_id=identity))
    assert message("publisher-mismatch", repo).endswith(words)


def test_a_repository_of_another_host_is_another_one() -> None:
    repo = subject(STEP, evidence(release("2.0", replace(OURS, repository_id=""))))
    ref = RepositoryRef(owner="orchard-labs", name="lumen", host="orchard.ghe.com")
    repo = replace(repo, snapshot=replace(repo.snapshot, ref=ref))
    (found,) = said("publisher-mismatch", repo)
    assert isinstance(found, Finding)
    assert found.severity is None
    assert found.message.endswith(
        "`orchard-labs/lumen` (repository of that name on github.com), not for this repository"
    )


def test_a_transferred_repository_is_itself() -> None:
    moved = replace(OURS, repository="former-owner/lamp", owner_id="1")
    (found,) = said("publisher-mismatch", subject(STEP, evidence(release("2.0", moved))))
    assert isinstance(found, Clean)


def test_evidence_is_found_by_the_normalized_name() -> None:
    repo = subject(STEP, evidence(release("2.0", OURS)), runner="big-box")
    assert repo.publications[0].packages == ("Lumen",)
    assert repo.evidence("pypi", "Lumen") == repo.evidence("pypi", "lumen")
    assert isinstance(said("self-hosted-publisher", repo)[0], Clean)
