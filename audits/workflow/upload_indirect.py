"""Uploads by scripts of the project, found by the credential that they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audits.model.publication import CredentialSource, Registry
from audits.model.workflow import Step
from audits.workflow.upload_credentials import Kind, value_of
from audits.workflow.upload_site import Site
from audits.workflow.upload_types import Tokens, Uploader
from audits.workflow.uploaders import ALL, SCRIPT_TOKENS, WORDS_OF_RELEASE

_RELEASE_WORD = re.compile(rf"(?:{'|'.join(WORDS_OF_RELEASE)})", re.IGNORECASE)
# What only writes a credential down for a later step, or only prepares.
_SETS_UP = re.compile(
    r"^\s*(?:poetry config|npm (?:config|ci|install|i)\b|cargo login|(?:python -m )?pip install"
    r"|pnpm (?:i|install)\b|yarn install|docker login|gem install)",
)


def indirect_uploads(
    sites: Sequence[Site], held: frozenset[Registry], quiet: set[tuple[Step, Registry]]
) -> Iterator[tuple[Site, Uploader]]:
    """The steps that hand an upload credential to something that is no known uploader.

    ``held`` are the registries that the job publishes to in a way that was read; ``quiet`` are
    steps whose uploader only tries.
    """
    for registry, patterns in SCRIPT_TOKENS.items():
        if registry in held:
            continue
        chosen = [site for site in sites if _gives(site, patterns, CredentialSource.STEP_ENV)]
        chosen = [s for s in chosen if (s.step, registry) not in quiet and _may_run(s, registry)]
        # A composite action inherits the environment of its call: the innermost step counts.
        outer = {site.parent.step for site in chosen if site.parent is not None}
        chosen = [site for site in chosen if site.step not in outer]
        if not chosen:
            chosen = _of_job(sites, registry, patterns, quiet)
        for site in chosen:
            yield site, _uploader(registry, patterns)


def _of_job(
    sites: Sequence[Site],
    registry: Registry,
    patterns: tuple[str, ...],
    quiet: set[tuple[Step, Registry]],
) -> list[Site]:
    """The step that a credential of job or workflow is most likely meant for."""
    runs = [s for s in sites if s.step and s.step.run and (s.step, registry) not in quiet]
    for source in (CredentialSource.JOB_ENV, CredentialSource.WORKFLOW_ENV):
        given = [site for site in runs if _gives(site, patterns, source)]
        named = [site for site in given if _is_release_script(site)]
        if named:
            return named[-1:]
        alone = source is CredentialSource.JOB_ENV and registry is Registry.PYPI
        scripts = [site for site in given if not _only_sets_up(site)]
        if scripts and alone:
            return scripts[-1:]
    return []


def _gives(site: Site, patterns: tuple[str, ...], source: CredentialSource) -> bool:
    """Whether a variable of that level holds one of the credentials, and holds anything."""
    for _, scalar, found, owner in site.variable(*patterns):
        if found is source and owner.path == site.path:
            kind = value_of(owner, scalar.value).kind
            if kind in {Kind.STORED, Kind.LITERAL, Kind.MINTED}:
                return True
    return False


def _may_run(site: Site, registry: Registry) -> bool:
    """Whether the step can be what uploads: a script, or an action that nobody knows."""
    step = site.step
    if step is None:
        return False
    if step.run is None:
        known = step.uses is not None and step.uses.slug.startswith("actions/")
        return step.uses is not None and not known and registry is Registry.PYPI
    if registry is Registry.PYPI:
        return not _only_sets_up(site)
    return _is_release_script(site)


def _only_sets_up(site: Site) -> bool:
    run = site.step.run if site.step is not None else None
    lines = [line for line in (run.value.splitlines() if run else ()) if line.strip()]
    return all(_SETS_UP.match(line) or line.lstrip().startswith("#") for line in lines)


def _is_release_script(site: Site) -> bool:
    """Whether a command of the step is called like a release: ``make publish``."""
    for command in site.commands:
        if command.program in {"echo", "printf", "git", "gh", "cat", "curl", "cd"}:
            continue
        if any(_RELEASE_WORD.search(word) for word in command.words):
            return True
    return False


def _uploader(registry: Registry, patterns: tuple[str, ...]) -> Uploader:
    """An entry for a script: it takes what any uploader of the registry takes."""
    like = next(u for u in ALL if u.registry is registry and u.commands)
    tokens = Tokens(env=patterns, logins=like.tokens.logins)
    return Uploader(
        mechanism="script",
        registry=registry,
        tokens=tokens,
        target=like.target,
        attests_known=False,
    )
