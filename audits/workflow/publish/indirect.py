"""Finds uploads by a project's scripts through the credential that they get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice

from msgspec.structs import replace

from audits.model.location import Inputs
from audits.model.registry import Registry
from audits.model.uses import UsesKind
from audits.model.workflow import Job, Step, Workflow
from audits.workflow.publish.site import Site, fits
from audits.workflow.publish.values import Kind, value_of
from audits.workflow.uploaders.catalog import ALL, SCRIPT_TOKENS, WORDS_OF_RELEASE
from audits.workflow.uploaders.lookup import Catalog
from audits.workflow.uploaders.uploader import SWITCH_ON, Tokens, Uploader

# What all names of `SCRIPT_TOKENS` have in common: most variables need no closer look.
_CREDENTIAL = re.compile(r"TOKEN|PASS|AUTH|KEY|PAT\b|CREDENTIALS|SECRET")
# A secret that is called after the index, and not after the one for trying things out.
_INDEX_SECRET = re.compile(r"secrets\.(?!\w*test)\w*(?:pypi|twine)\w*", re.IGNORECASE)
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
    given = _given_for(sites)
    found: list[tuple[Site, Uploader]] = []
    for registry, patterns in SCRIPT_TOKENS.items():
        if registry in held or registry not in given:
            continue
        chosen = [
            site
            for site in sites
            if site.step is not None
            and (site.step, registry) not in quiet
            and _gives(site, site.step.env, patterns)
            and _may_run(site, registry)
        ]
        # A composite action inherits the environment of its call: the innermost step counts.
        outer = {site.parent.step for site in chosen if site.parent is not None}
        chosen = [site for site in chosen if site.step not in outer]
        if not chosen:
            chosen = _of_job(sites, registry, patterns, quiet)
        found += [(site, _uploader(registry, patterns)) for site in chosen]
    if Registry.PYPI not in {*held, *(uploader.registry for _, uploader in found)}:
        handed = ((site, handed_upload(site)) for site in sites)
        found += [(site, uploader) for site, uploader in handed if uploader is not None]
    yield from found


def handed_upload(site: Site) -> Uploader | None:
    """The upload by an action or workflow of elsewhere that nobody knows, but that is given a
    secret called after the package index.
    """
    uses = site.uses
    if uses is None or uses.kind is not UsesKind.REMOTE or uses.owner.lower() == "actions":
        return None
    if uses.action in site.library.catalog.by_action:
        return None  # it is known, and told not to upload
    given = dict(site.step.inputs if site.step is not None else site.job.inputs)
    if site.step is None:
        given |= site.job.secrets
    names = tuple(
        key.lower() for key, scalar in given.items() if _INDEX_SECRET.search(scalar.value)
    )
    tries = any(
        key.lower() in SWITCH_ON and scalar.value in SWITCH_ON[key.lower()]
        for key, scalar in given.items()
    )
    if tries or not names:
        return None
    known = _uploader(Registry.PYPI, SCRIPT_TOKENS[Registry.PYPI])
    return replace(known, mechanism=uses.slug, tokens=replace(known.tokens, inputs=names))


def _given_for(sites: Sequence[Site]) -> set[Registry]:
    """The registries whose credentials the variables of a job's steps, of the job or of its
    workflow are called after.
    """
    levels = [site.step.env for site in sites if site.step is not None and site.step.env]
    levels += [sites[0].job.env] if sites else []
    found = _registries_of(dict.fromkeys(chain(*levels)))
    return found | (_of_workflow(sites[0].workflow) if sites else set())


@lru_cache(maxsize=4)
def _of_workflow(workflow: Workflow) -> set[Registry]:
    return _registries_of(workflow.env)


def _registries_of(variables: Iterable[str]) -> set[Registry]:
    names = [name for name in variables if may_be_credential(name)]
    return {
        registry
        for registry, patterns in SCRIPT_TOKENS.items()
        if any(fits(name, patterns) for name in names)
    }


def may_be_credential(variable: str) -> bool:
    """Whether a variable's name has what the names of all upload credentials have."""
    return _CREDENTIAL.search(variable) is not None


def hands_secret(inputs: Inputs) -> bool:
    """Whether an input holds a secret that is called after the package index."""
    return any(_INDEX_SECRET.search(scalar.value) for scalar in inputs.values())


def _of_job(
    sites: Sequence[Site],
    registry: Registry,
    patterns: tuple[str, ...],
    quiet: set[tuple[Step, Registry]],
) -> list[Site]:
    """The step that a credential of job or workflow is most likely meant for."""
    top = sites[0]
    runs = [s for s in sites if s.step and s.step.run and (s.step, registry) not in quiet]
    of_job = _gives(top, top.job.env, patterns)
    if not of_job and (not _workflow_gives(top, patterns) or _is_meant_elsewhere(top)):
        return []
    if named := [site for site in runs if _is_release_script(site)]:
        return named[-1:]
    scripts = [site for site in runs if not _only_sets_up(site)]
    return scripts[-1:] if of_job and registry is Registry.PYPI else []


def _is_meant_elsewhere(site: Site) -> bool:
    """Whether another job of the workflow holds what looks like an uploader."""
    return any(
        job is not site.job for job in _jobs_with_uploaders(site.workflow, site.library.catalog)
    )


@lru_cache(maxsize=4)
def _jobs_with_uploaders(workflow: Workflow, catalog: Catalog) -> tuple[Job, ...]:
    """The first two of them: one may be the job that asks."""
    jobs = (
        job
        for job in workflow.live_jobs
        if any(
            (step.uses is not None and step.uses.action in catalog.by_action)
            or (step.run is not None and catalog.program_pattern.search(step.run.value))
            for step in job.live_steps
        )
    )
    return tuple(islice(jobs, 2))


def _gives(site: Site, env: Inputs, patterns: tuple[str, ...]) -> bool:
    """Whether one of these variables is a credential, and holds anything."""
    return any(
        value_of(site, scalar.value).kind in {Kind.STORED, Kind.MINTED}
        for name, scalar in env.items()
        if fits(name, patterns)
    )


def _workflow_gives(site: Site, patterns: tuple[str, ...]) -> bool:
    """The same of the workflow's variables, asked once: no step or job changes what they are."""
    known, key = site.library.given, (site.workflow, patterns)
    if key not in known:
        known[key] = _gives(site, site.workflow.env, patterns)
    return known[key]


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
    like = next(u for u in ALL if u.registry is registry)
    tokens = Tokens(env=patterns, logins=like.tokens.logins)
    return Uploader(
        mechanism="script",
        registry=registry,
        tokens=tokens,
        target=like.target,
        attests_known=False,
    )
