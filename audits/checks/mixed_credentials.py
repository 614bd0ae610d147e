"""One package has a trusted path and a token path.

## Why it matters
A trusted publisher protects a package only once nothing else can upload it. A second workflow or
step that still holds a token keeps the old risk alive beside the new safety, and is easily
forgotten because releases work without it.

## How to fix
Delete the path that uses the token: the finding names it, and the trusted path that replaces it.
Then revoke the token on the registry. The edit removes the step that uploads with the token, or,
where one step can do both, the token alone; review whether its job is still needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.publish_paths import PackagePaths, package_paths
from audits.checks.api import (
    GITHUB_OIDC,
    OPENSSF_TRUSTED_PUBLISHERS,
    STEP_PUBLISHER,
    Area,
    Auth,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Outcome,
    Publication,
    Repository,
    Severity,
    Verdict,
    check,
    without_credentials,
    without_step,
)

# An action that does nothing but upload: its step can go as a whole.
_UPLOADS_ONLY = "pypa/gh-action-pypi-publish"

_ACTION = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
_TRUSTED = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: {_ACTION}
"""
_OLD = """\
on: workflow_dispatch
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
"""
_TOKEN = """\
      # by hand, as before
      - run: |
          twine upload dist/*{mark}
        env:
          TWINE_PASSWORD: ${{{{ secrets.INDEX_TOKEN }}}}

      - run: echo done
"""
_OLD_FAILING = _OLD + _TOKEN.format(mark=" # !")
_OLD_FIXED = _OLD + "      # by hand, as before\n\n      - run: echo done\n"
_EITHER = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: {_ACTION} # !
        with:
          password: ${{{{ github.event_name != 'release' && secrets.INDEX_TOKEN || '' }}}}
"""
_METADATA = {"pyproject.toml": '[project]\nname = "Lumen"\n'}
_TWO_METADATA = {
    "pyproject.toml": '[project]\nname = "lumen"\n',
    "tools/pyproject.toml": '[project]\nname = "lantern"\n',
}


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.MEDIUM,
    fix=FixKind.REVIEW,
    lesson=STEP_PUBLISHER,
    links=(OPENSSF_TRUSTED_PUBLISHERS, GITHUB_OIDC),
    examples=(
        Example(
            name="an old workflow with a token",
            workflow=_OLD_FAILING,
            files={".github/workflows/trusted.yml": _TRUSTED, **_METADATA},
            fixed=_OLD_FIXED,
        ),
        Example(
            name="one step takes either",
            workflow=_EITHER,
            files=_METADATA,
            fixed=_TRUSTED,
        ),
        Example(name="a trusted path only", workflow=_TRUSTED, files=_METADATA),
        Example(
            name="a token path only",
            workflow=_OLD + _TOKEN.format(mark=""),
            files=_METADATA,
        ),
        Example(
            name="packages that were not found",
            workflow=_OLD + _TOKEN.format(mark=""),
            files={".github/workflows/trusted.yml": _TRUSTED},
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def mixed_credentials(repo: Repository) -> Iterator[Verdict]:
    """Compare the paths of each package."""
    reported: set[Publication] = set()
    for paths in package_paths(repo):
        either = [p for p in paths.stored if p.auth is Auth.MIXED]
        if not paths.stored or not (paths.trusted or either):
            for publication in (*paths.trusted, *paths.stored):
                yield Clean(at=publication.at, job=publication.job, publication=publication)
            continue
        for publication in paths.stored:
            if publication not in reported:
                reported.add(publication)
                yield Finding(
                    message=_message(paths, publication),
                    at=publication.at,
                    job=publication.job,
                    publication=publication,
                    anchor=paths.name,
                    edits=_edits(repo, paths, publication),
                    advice="Has a release gone out by the trusted path? Then this one can go.",
                    extra_lines=tuple(p.at for p in paths.trusted),
                )


def _message(paths: PackagePaths, publication: Publication) -> str:
    if not paths.trusted:
        return (
            f"This step uploads `{paths.name}` with a token or with an identity: delete the token"
        )
    other = paths.trusted[0]
    return (
        f"`{paths.name}` is uploaded here with a token, and without one in {other.at.path}, line "
        f"{other.at.line}: delete this path"
    )


def _edits(repo: Repository, paths: PackagePaths, publication: Publication) -> tuple[Edit, ...]:
    """Remove the step where it only uploads, or the credential where it does more."""
    source, step = repo.file(publication.step_path), publication.source_step
    if source is None or step is None or source.path != publication.job.path:
        return ()
    does_more = publication.action is not None and publication.action.slug != _UPLOADS_ONLY
    if not paths.trusted or does_more:
        return without_credentials(source, publication)
    alone = publication.action is not None or len(repo.commands(step)) == 1
    return without_step(source, step) if alone and len(publication.job.steps) > 1 else ()
