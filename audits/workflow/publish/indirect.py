"""Finds uploads by a project's own scripts through the credential that they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice

from msgspec.structs import replace

from audits.analysis.known_actions import REQUEST_ACTIONS
from audits.model.location import Inputs
from audits.model.publication import SCRIPT
from audits.model.registry import Registry
from audits.model.uses import UsesKind
from audits.model.workflow import Job, Step, Workflow
from audits.workflow.publish.site import Site, fits
from audits.workflow.publish.values import SECRET, Kind, mints, value_of
from audits.workflow.uploaders.catalog import (
    ALL,
    CLOUD_LOGINS,
    SCRIPT_TOKENS,
    WORDS_OF_RELEASE,
)
from audits.workflow.uploaders.consumers import LOGINS, QUIET_ACTIONS, speaks_of_publishing
from audits.workflow.uploaders.lookup import Catalog
from audits.workflow.uploaders.uploader import SWITCH_ON, Tokens, Uploader

# What all names in `SCRIPT_TOKENS` contain: a quick test that most variables fail.
_CREDENTIAL = re.compile(r"TOKEN|PASS|AUTH|KEY|PAT\b|CREDENTIALS|SECRET")
# A secret that is named after the index, and not after the test index.
_INDEX_SECRET = re.compile(r"secrets\.(?!\w*test)\w*(?:pypi|twine)\w*", re.IGNORECASE)
_FOR_TESTS = re.compile(r"test|staging|sandbox", re.IGNORECASE)
_OUTPUT_OF = re.compile(r"\bsteps\.([\w-]+)\.outputs\.")
_ANY_SECRET = re.compile(
    "|".join(f"(?:{r.info.credential_names})" for r in Registry if r.info.credential_names),
    re.IGNORECASE,
)
# Actions that exchange an identity at one registry, and nowhere else.
_MINTED_FOR: Mapping[Registry, frozenset[str]] = {
    registry: found
    for registry in Registry
    if registry is not Registry.CONTAINER
    and (
        found := frozenset(
            action for u in ALL if u.registry is registry for action in u.tokens.minted_by
        )
        - CLOUD_LOGINS
    )
}
_TAKES_BACK = frozenset({"unpublish", "yank", "deprecate", "undeprecate", "dist-tag", "owner"})
"""Tasks that change what was published before."""
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
            and _given_to(site, registry, patterns)
        ]
        # A composite action inherits the environment of its call: the innermost step counts.
        outer = {site.parent.step for site in chosen if site.parent is not None}
        chosen = [site for site in chosen if site.step not in outer]
        if not chosen:
            chosen = _of_job(sites, registry, patterns, quiet)
        found += [(site, _uploader(registry, patterns, site)) for site in chosen]
    taken = {*held, *(uploader.registry for _, uploader in found)}
    if Registry.PYPI not in taken:
        handed = ((site, handed_upload(site)) for site in sites)
        found += [(site, uploader) for site, uploader in handed if uploader is not None]
    found += [
        (site, uploader)
        for site in sites
        for uploader in _handed_to_publisher(site)
        if uploader.registry not in taken
    ]
    yield from found


def _given_to(site: Site, registry: Registry, patterns: tuple[str, ...]) -> bool:
    """Whether a step gets a credential of the registry, and can be what uploads with it."""
    step = site.step
    if step is None:
        return False
    if _gives(site, step.env, patterns) and _may_run(site, registry):
        return True
    if step.run is None:
        return False
    if _is_release_script(site) and (
        _gives_by_value(site, step.env, registry) or _is_minted_before(site, registry)
    ):
        return True
    return _takes_minted(site, registry)


def _gives_by_value(site: Site, env: Inputs, registry: Registry) -> tuple[str, ...]:
    """The variables that hold a stored secret which is called after the registry."""
    pattern = _names_of(registry)
    found = []
    for name, scalar in env.items():
        if "${{" not in scalar.value:
            continue
        value = value_of(site, scalar.value)
        named = pattern.search(value.secret) and not _FOR_TESTS.search(value.secret)
        if value.kind is Kind.STORED and named and may_be_credential(value.secret.upper()):
            found.append(name)
    return tuple(found)


@cache
def _names_of(registry: Registry) -> re.Pattern[str]:
    return re.compile(registry.info.credential_names or "(?!)", re.IGNORECASE)


def _takes_minted(site: Site, registry: Registry) -> bool:
    """Whether a step takes what an earlier one exchanged an identity for at this registry."""
    step = site.step
    if step is None:
        return False
    texts = [scalar.value for scalar in step.env.values()]
    texts += [step.run.value] if step.run is not None else []
    ids = {match[1] for text in texts for match in _OUTPUT_OF.finditer(text)}
    found = (site.step_before(step_id) for step_id in ids)
    return any(
        before is not None and _mints_for(before[0], before[1], registry) for before in found
    )


def _is_minted_before(site: Site, registry: Registry) -> bool:
    """Whether an earlier step left such a credential where programs look for it."""
    return any(_mints_for(owner, step, registry) for owner, step in site.steps_before())


def _mints_for(site: Site, step: Step, registry: Registry) -> bool:
    action = step.uses.action if step.uses is not None else ""
    return action in _MINTED_FOR.get(registry, ()) and mints(site, step)


def _handed_to_publisher(site: Site) -> Iterator[Uploader]:
    """The uploads by an unknown action whose name says that it publishes, and that is given
    credentials which are named after registries.
    """
    step, uses = site.step, site.uses
    if step is None or uses is None or uses.kind is not UsesKind.REMOTE:
        return
    name = uses.action.rpartition("/")[2]
    if not speaks_of_publishing(name) or uses.action in site.library.catalog.by_action:
        return
    if uses.owner.lower() == "actions" or uses.action in LOGINS:
        return
    for registry, patterns in SCRIPT_TOKENS.items():
        # `handed_upload` finds PyPI's, whatever the action is called.
        names = [] if registry is Registry.PYPI else [*_handed(site, registry, patterns)]
        if names and not _tries(site.inputs):
            made = _uploader(registry, (*patterns, *names), site)
            tokens = replace(made.tokens, inputs=tuple(found.lower() for found in names))
            yield replace(made, mechanism=uses.slug, tokens=tokens)


def _handed(site: Site, registry: Registry, patterns: tuple[str, ...]) -> Iterator[str]:
    pattern = _names_of(registry)
    for name, scalar in (*site.inputs.items(), *(site.step.env.items() if site.step else ())):
        if "${{" not in scalar.value or not may_be_credential(name.upper()):
            continue
        value = value_of(site, scalar.value)
        plain = name.replace("-", "_")
        called = fits(plain, patterns) or pattern.search(plain) or pattern.search(value.secret)
        for_tests = _FOR_TESTS.search(f"{name} {value.secret}")
        if called and not for_tests and value.kind in {Kind.STORED, Kind.MINTED}:
            yield name


def _tries(given: Inputs) -> bool:
    return any(
        key.lower() in SWITCH_ON and scalar.value in SWITCH_ON[key.lower()]
        for key, scalar in given.items()
    )


def handed_upload(site: Site) -> Uploader | None:
    """The upload by an unknown action or workflow of another repository that is given a secret
    named after the package index.
    """
    uses = site.uses
    if uses is None or uses.kind is not UsesKind.REMOTE or uses.owner.lower() == "actions":
        return None
    if uses.action in site.library.catalog.by_action:
        return None  # it is known, and set not to upload
    if uses.action in REQUEST_ACTIONS or uses.action in QUIET_ACTIONS:
        return None
    given = dict(site.step.inputs if site.step is not None else site.job.inputs)
    if site.step is None:
        given |= site.job.secrets
    names = tuple(
        key.lower() for key, scalar in given.items() if _INDEX_SECRET.search(scalar.value)
    )
    if _tries(given) or not names:
        return None
    known = _uploader(Registry.PYPI, SCRIPT_TOKENS[Registry.PYPI], site)
    return replace(known, mechanism=uses.slug, tokens=replace(known.tokens, inputs=names))


def _given_for(sites: Sequence[Site]) -> set[Registry]:
    """The registries that variables of a job's steps, of the job or of its workflow name, or
    whose minting action the job uses.
    """
    if not sites:
        return set()
    levels = [site.step.env for site in sites if site.step is not None and site.step.env]
    found = _registries_of([*levels, sites[0].job.env]) | _of_workflow(sites[0].workflow)
    actions = {s.step.uses.action for s in sites if s.step is not None and s.step.uses is not None}
    found |= {registry for registry, minting in _MINTED_FOR.items() if actions & minting}
    return found


@lru_cache(maxsize=4)
def _of_workflow(workflow: Workflow) -> set[Registry]:
    return _registries_of([workflow.env])


def _registries_of(levels: Iterable[Inputs]) -> set[Registry]:
    items = [item for env in levels for item in env.items()]
    names = {name for name, _ in items if may_be_credential(name)}
    secrets = {m[1] or m[2] or "" for _, scalar in items for m in SECRET.finditer(scalar.value)}
    return {registry for of in (*map(_taking, names), *map(_named, secrets)) for registry in of}


@lru_cache(maxsize=512)
def _taking(variable: str) -> tuple[Registry, ...]:
    """The registries whose uploads take a credential from this variable."""
    return tuple(r for r, patterns in SCRIPT_TOKENS.items() if fits(variable, patterns))


@lru_cache(maxsize=512)
def _named(secret: str) -> tuple[Registry, ...]:
    """The registries after which a secret is called."""
    return tuple(registry for registry in SCRIPT_TOKENS if _names_of(registry).search(secret))


def may_be_credential(variable: str) -> bool:
    """Whether a variable's name contains what the names of all upload credentials contain."""
    return _CREDENTIAL.search(variable) is not None


def hands_secret(inputs: Inputs) -> bool:
    """Whether an input or variable holds a secret that is named after a registry."""
    return any(
        _ANY_SECRET.search(match[1] or match[2] or "") is not None
        for scalar in inputs.values()
        if "${{" in scalar.value
        for match in SECRET.finditer(scalar.value)
    )


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
    """The first two jobs with an uploader: one of them may be the job in question."""
    jobs = (
        job
        for job in workflow.live_jobs
        if any(
            (step.uses is not None and step.uses.action in catalog.by_action)
            or (step.run is not None and catalog.may_use(step.run.value))
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
    """`_gives` for the workflow's variables, which are the same for all steps and jobs."""
    known, key = site.library.given, (site.workflow, patterns)
    if key not in known:
        known[key] = _gives(site, site.workflow.env, patterns)
    return known[key]


def _may_run(site: Site, registry: Registry) -> bool:
    """Whether the step can be what uploads: a script, or an unknown action."""
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
        if not _TAKES_BACK.isdisjoint(command.words[1:3]):
            continue
        if any(_RELEASE_WORD.search(word) for word in command.words):
            return True
    return False


def _uploader(registry: Registry, patterns: tuple[str, ...], site: Site) -> Uploader:
    """An uploader for a script: it takes the credentials of the registry's uploaders, and those
    that the step is given by other names.
    """
    like = next(u for u in ALL if u.registry is registry)
    env = site.step.env if site.step is not None else {}
    named = _gives_by_value(site, env, registry)
    tokens = Tokens(
        env=(*patterns, *named),
        logins=like.tokens.logins,
        minted_by=tuple(_MINTED_FOR.get(registry, ())),
    )
    return Uploader(
        mechanism=SCRIPT,
        registry=registry,
        tokens=tokens,
        # An action's default account does not hold for a script.
        target=replace(like.target, account=""),
        attests_known=False,
    )
