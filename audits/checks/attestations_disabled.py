"""Release is published without attestations.

## Why it matters
An attestation ties the published file to the repository, the workflow and the commit that made
it, signed with the same identity that uploads it. Without one, users and tools cannot tell a
release of the workflow from a file that somebody else uploaded, and a stolen account leaves no
visible gap.

## How to fix
Remove `attestations: false`: the publishing action makes attestations by itself since v1.11.0.
Where the uploader makes none (milder), use the publishing action, or make attestations beside the
files before they are uploaded. With a token no attestations can be made, so the check does not
apply: `long-lived-token` comes first.

Where the index shows that the newest release is attested for this repository, an uploader of which
we know no attestations passes. What the index does not show proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from audits.analysis.action_versions import Version, parse_version
from audits.analysis.release_provenance import attested_here
from audits.analysis.trusted_publishers import (
    attestations_refused,
    newest_release,
    trusted_publications,
)
from audits.checks.api import (
    PEP_740,
    PYPA_PUBLISH_ACTION,
    STEP_PUBLISHER,
    Area,
    Auth,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Location,
    Need,
    Outcome,
    PackageEvidence,
    Provenance,
    Publication,
    PublisherKind,
    Registry,
    Release,
    Repository,
    ResolvedRef,
    Scalar,
    Severity,
    Trait,
    Unknown,
    Unseen,
    Verdict,
    check,
    without_input,
)

# The first release that makes them by itself: https://github.com/pypa/gh-action-pypi-publish/releases
_SINCE = {"pypa/gh-action-pypi-publish": Version((1, 11, 0))}

_ACTION = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
_HEAD = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
"""
_DISABLED = f"""\
{_HEAD}      - uses: {_ACTION}
        with:
          attestations: false # !
          print-hash: true
"""
_ENABLED = f"""\
{_HEAD}      - uses: {_ACTION}
        with:
          print-hash: true
"""
_OLD = f"""\
{_HEAD}      - uses: pypa/gh-action-pypi-publish@v1.9.0 # !
"""
_UV = f"""\
{_HEAD}      - run: uv publish{{mark}}
"""
_BESIDE = f"""\
{_HEAD}      - uses: astral-sh/attest-action@2c727738cea36d6c97dd85eb133ea0e0e8fe754b # v0.0.4
      - run: uv publish
"""
_NO_VERSION = f"""\
{_HEAD}      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33
"""
_TOKEN = f"""\
{_HEAD}      - uses: {_ACTION}
        with:
          attestations: false
          password: ${{{{ secrets.INDEX_TOKEN }}}}
"""
_NPM = f"""\
{_HEAD}      - run: npm publish
"""
_PROVENANCE_OFF = re.compile(r'"provenance"\s*:\s*false')
_CALLING = """\
on: release
jobs:
  publish:
    permissions: {id-token: write}
    uses: ./.github/workflows/upload.yml
"""
_CRATE = f"""\
{_HEAD}      - run: release-plz release
"""


def _reference(tag: str) -> ResolvedRef:
    commit = "dc37677b2e1c63e2034f94d8a5b11f265b73ba33"
    slug = "pypa/gh-action-pypi-publish"
    return ResolvedRef(slug=slug, ref=commit, commit=commit, tags=(tag, "release-x"))


_METADATA = {"pyproject.toml": '[project]\nname = "lumen"\n'}
_BY_WORKFLOW = Provenance(kind=PublisherKind.GITHUB, repository="orchard-labs/lumen")
_HIDDEN = Unseen(need=Need.INDEX, reason="the index answered 503")


def _evidence(*provenance: Provenance) -> PackageEvidence:
    """A release with this provenance; without any, one whose provenance was not read."""
    release = Release(
        version="2.0", uploaded=None, files=2, attested_files=2, provenance=provenance or _HIDDEN
    )
    return PackageEvidence(registry="pypi", name="lumen", releases=(release,))


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.MEDIUM,
    sharpened_by={Need.INDEX, Need.REFERENCES},
    fix=FixKind.SAFE,
    lesson=STEP_PUBLISHER,
    links=(PEP_740, PYPA_PUBLISH_ACTION),
    examples=(
        Example(name="switched off", workflow=_DISABLED, fixed=_ENABLED, severity=Severity.MEDIUM),
        Example(
            name="the only input",
            workflow=_DISABLED.replace("          print-hash: true\n", ""),
            fixed=f"{_HEAD}      - uses: {_ACTION}\n",
        ),
        Example(
            name="a commit whose tag makes them",
            workflow=_NO_VERSION,
            references=(_reference("v1.14.2"),),
        ),
        Example(
            name="a commit whose tag makes none",
            workflow=_NO_VERSION.replace("ba33\n", "ba33 # !\n"),
            references=(_reference("v1.10.3"),),
            severity=Severity.LOW,
        ),
        Example(name="a version that makes none", workflow=_OLD, severity=Severity.LOW),
        Example(
            name="an uploader that makes none",
            workflow=_UV.format(mark=" # !"),
            severity=Severity.LOW,
        ),
        Example(name="on by default", workflow=_ENABLED),
        Example(name="made beside the files", workflow=_BESIDE),
        Example(
            name="the index has them",
            workflow=_UV.format(mark=""),
            files=_METADATA,
            evidence=(_evidence(_BY_WORKFLOW),),
        ),
        Example(
            name="the index has them for another repository",
            workflow=_UV.format(mark=" # !"),
            files=_METADATA,
            evidence=(_evidence(replace(_BY_WORKFLOW, repository="stranger/lumen")),),
            severity=Severity.LOW,
        ),
        Example(
            name="the index has them, and was not heard",
            workflow=_UV.format(mark=""),
            files=_METADATA,
            evidence=(_evidence(),),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="an unknown version", workflow=_NO_VERSION, outcome=Outcome.UNKNOWN),
        Example(
            name="in a called workflow, where they would be refused",
            workflow=_CALLING,
            files={
                ".github/workflows/upload.yml": _DISABLED.replace(" # !", "").replace(
                    "on: release", "on: workflow_call"
                )
            },
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="npm's provenance, switched off by a variable",
            workflow=_NPM + "        env:\n          NPM_CONFIG_PROVENANCE: 'false'  # !\n",
        ),
        Example(
            name="npm's provenance, switched off in package.json",
            workflow=_NPM.replace("publish\n", "publish  # !\n"),
            files={"package.json": '{"name": "lumen", "publishConfig": {"provenance": false}}'},
        ),
        Example(
            name="npm's provenance, asked for",
            workflow=_NPM + "        env:\n          NPM_CONFIG_PROVENANCE: 'true'\n",
        ),
        Example(name="a token", workflow=_TOKEN, outcome=Outcome.NOT_APPLICABLE),
        Example(
            name="a registry without attestations",
            workflow=_CRATE,
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def attestations_disabled(repo: Repository) -> Iterator[Verdict]:
    """Look at each production upload that proves itself by an identity."""
    for publication in trusted_publications(repo):
        by_identity = publication.auth is Auth.OIDC or publication.does_oidc
        if publication.stored_credentials or not by_identity or attestations_refused(publication):
            continue
        if Trait.TAKES_ATTESTATIONS in publication.info.traits:
            yield _provenance_off(repo, publication) or _judged(repo, publication)


def _provenance_off(repo: Repository, publication: Publication) -> Finding | None:
    """The finding where npm's provenance, which trusted publishing makes by itself, is switched
    off: by a variable, an option or package.json.
    """
    if publication.registry is not Registry.NPM or publication.auth is not Auth.OIDC:
        return None
    step, job = publication.source_step, publication.job
    envs = (step.env if step else {}, job.env, publication.workflow.env)
    place = None
    for name, value in (pair for env in envs for pair in env.items()):
        if name.lower() == "npm_config_provenance" and value.value.lower() == "false":
            place = value.location(job.path)
    words = [word for c in (repo.commands(step) if step else ()) for word in c.words]
    option = "--no-provenance" in words or "--provenance=false" in words
    file = repo.file("package.json")
    in_package = file is not None and _PROVENANCE_OFF.search(file.text) is not None
    if place is None and not option and not in_package:
        return None
    return Finding(
        message="npm's provenance is switched off, which it makes of trusted uploads by itself",
        at=place or publication.at,
        job=job,
        publication=publication,
        anchor="provenance",
    )


def _judged(repo: Repository, publication: Publication) -> Verdict:
    release = newest_release(repo, publication)
    seen = release if isinstance(release, Release) and release.is_attested else None
    switch = _switch(publication)
    at, job = publication.at, publication.job
    makes = _makes(repo, publication)
    if switch is None and (makes or (seen and attested_here(repo, seen))):
        return Clean(at=at, job=job, publication=publication)
    if switch is None and seen and isinstance(seen.provenance, Unseen):
        return Unknown(at=at, unseen=seen.provenance, job=job, publication=publication)
    if switch is None and makes is None:
        reason = f"whether {publication.mechanism} makes attestations in this version is not known"
        unseen = Unseen(need=Need.REFERENCES, reason=reason)
        return Unknown(at=at, unseen=unseen, job=job, publication=publication)
    if switch is None:
        return Finding(
            message=f"{publication.subject} makes no attestations here",
            at=at,
            job=job,
            publication=publication,
            anchor=publication.mechanism,
            severity=Severity.LOW,
            because="nothing was switched off: the uploader makes none",
        )
    text = f"Attestations of `{publication.mechanism}` are switched off"
    if seen:
        text += f"; the newest release, {seen.version}, still has them"
    return Finding(
        message=text,
        at=Location(path=at.path, line=switch.line, column=switch.column),
        job=job,
        publication=publication,
        anchor="attestations",
        edits=_edits(repo, publication, switch),
    )


def _makes(repo: Repository, publication: Publication) -> bool | None:
    """Whether attestations are made; for a bare commit, as the tags on that commit tell."""
    action = publication.action
    if publication.attests is not None or action is None or action.slug not in _SINCE:
        return publication.attests
    reference = repo.reference(action)
    tags = () if isinstance(reference, Unseen) else reference.tags
    versions = [] if isinstance(tags, Unseen) else [parse_version(tag) for tag in tags]
    known = [version.highest for version in versions if version is not None]
    return max(known) >= _SINCE[action.slug].lowest if known else None


def _switch(publication: Publication) -> Scalar | None:
    """The input that switches attestations off."""
    step = publication.source_step
    scalar = step.input("attestations") if step else None
    return scalar if publication.attests is False else None


def _edits(repo: Repository, publication: Publication, switch: Scalar) -> tuple[Edit, ...]:
    """Remove the switch where it is written out."""
    source, step = repo.file(publication.step_path), publication.source_step
    if source is None or step is None or switch.value.lower() != "false":
        return ()
    return without_input(source, step, "attestations")
