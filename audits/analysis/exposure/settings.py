"""Decides from settings which environments block a path, and who must approve a release.

Two people are needed only where that was seen: what was not read is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from audits.analysis.conditions import text_value
from audits.analysis.environment_names import named_environment
from audits.analysis.environments import all_refs, settings_of
from audits.analysis.release_tags import made_by_writers, names_in, tag_starts
from audits.analysis.trusted_publishers import is_this_repository, newest_release
from audits.expressions.evaluate import Facts
from audits.model.exposure import PathNeed
from audits.model.publication import Auth, Publication
from audits.model.repository import Repository
from audits.model.settings import BranchRuleset, EnvironmentSettings, Need, TagRuleset, Unseen
from audits.model.wording import and_list
from audits.model.workflow import Environment, Job

_WILD = re.compile(r"[*?\[]")


class EnvironmentGuard(Struct, frozen=True, kw_only=True):
    """Whether rules of an environment stop a run: they surely do, or ``needs`` would tell."""

    is_closed: bool
    needs: tuple[PathNeed, ...] = ()


def environment_doubt(
    repo: Repository, job: Job, facts: Facts | None = None
) -> EnvironmentGuard | None:
    """Whether the environment of a job holds up what outsiders start; None where it does not.
    Its name is worked out by ``facts`` of the run.
    """
    environment = job.environment
    published = repo.publications_of(job)
    if environment is None or (published and not any(map(named_environment, published))):
        return None
    worked_out = text_value(environment.name, facts or {})
    name = worked_out if isinstance(worked_out, str) else environment.name.value
    need = _need(f"the rules of environment {name}")
    if environment.dynamic and not isinstance(worked_out, str):
        return EnvironmentGuard(is_closed=False, needs=(need,))
    found = settings_of(repo, name)
    if found is None:
        return None
    if isinstance(found, Unseen) or isinstance(found.reviewers, Unseen):
        return EnvironmentGuard(is_closed=False, needs=(need,))
    if found.reviewers:
        return EnvironmentGuard(is_closed=True)
    if isinstance(found.custom_rules, Unseen) or found.custom_rules:
        return EnvironmentGuard(is_closed=False, needs=(need,))
    return None


class ApprovalRule(Struct, frozen=True, kw_only=True):
    """One thing that a second person's approval stands on: ``holds`` is None where ``need`` would
    tell, ``fault`` is what is so where it does not hold, and ``cut`` says how to make it hold, with
    ``{}`` where it names the environment. ``of_settings``: it is one of the environment's rules,
    and ends with its name.
    """

    fault: str
    holds: bool | None
    cut: str
    need: PathNeed | None = None
    of_settings: bool = False


def cut_words(rules: Sequence[ApprovalRule], environment: str) -> str:
    """How to make all these rules hold, the environment named once: its own rules are one
    phrase, and what is set elsewhere follows.
    """
    own = [rule.cut for rule in rules if rule.of_settings]
    phrases = [f"{and_list(own)} in {{}}"] if own else []
    phrases += [rule.cut for rule in rules if not rule.of_settings]
    named = next((place for place, phrase in enumerate(phrases) if "{}" in phrase), 0)
    return ", and ".join(
        phrase.format(f"environment {environment}" if place == named else "it")
        for place, phrase in enumerate(phrases)
    )


def approval_rules(repo: Repository, publication: Publication) -> tuple[ApprovalRule, ...]:
    """What a release by two people stands on, for one publication that names an environment."""
    environment = named_environment(publication)
    if environment is None:
        return ()
    return (
        *_of_environment(repo, publication, environment),
        _binding(repo, publication, environment),
    )


def _of_environment(
    repo: Repository, publication: Publication, environment: Environment
) -> Iterator[ApprovalRule]:
    name = environment.name.value
    need = _need(f"the rules of environment {name}")
    if environment.dynamic:
        cut = "name one environment, without an expression"
        yield ApprovalRule(fault="any environment may be meant", holds=None, cut=cut, need=need)
        return
    found = settings_of(repo, name)
    asks = "require a reviewer"
    nobody = f"environment {name} asks no reviewer"
    if isinstance(found, Unseen):
        yield ApprovalRule(fault=nobody, holds=None, cut=asks, need=need, of_settings=True)
        return
    if found is None:
        yield ApprovalRule(
            fault=f"environment {name} does not exist",
            holds=False,
            cut="create {} with a reviewer",
        )
        return
    yield _rule(nobody, found.reviewers, asks, need)
    yield _rule(
        f"who starts it may approve it in environment {name}",
        found.prevent_self_review,
        "prevent self-review",
        need,
    )
    bypass = found.admins_can_bypass
    yield _rule(
        f"administrators may bypass environment {name}",
        bypass if isinstance(bypass, Unseen) else not bypass,
        "let no administrator bypass the rules",
        need,
    )
    yield from _refs(repo, publication, found, need)


def _rule(fault: str, fact: int | Unseen, cut: str, need: PathNeed) -> ApprovalRule:
    if isinstance(fact, Unseen):
        return ApprovalRule(fault=fault, holds=None, cut=cut, need=need, of_settings=True)
    return ApprovalRule(fault=fault, holds=bool(fact), cut=cut, of_settings=True)


def _refs(
    repo: Repository, publication: Publication, found: EnvironmentSettings, need: PathNeed
) -> Iterator[ApprovalRule]:
    """Whether branches and tags of one's own cannot ask for the approval."""
    cut = "limit the branches and tags"
    fault = f"environment {found.name} lets every branch in"
    patterns = found.ref_patterns
    if isinstance(patterns, Unseen):
        yield ApprovalRule(fault=fault, holds=None, cut=cut, need=need, of_settings=True)
        return
    closed = bool(patterns) and not all_refs(patterns)
    yield ApprovalRule(fault=fault, holds=closed, cut=cut, of_settings=True)
    for kind in ("tag", "branch") if closed else ():
        named = [name for k, _, name in (p.partition(":") for p in patterns) if k == kind]
        if kind == "tag" and named:
            yield _tags(repo, publication, named)
        elif wild := [name for name in named if _WILD.search(name)]:
            yield _branches(repo, found.name, wild)


def _tags(repo: Repository, publication: Publication, patterns: list[str]) -> ApprovalRule:
    """Whether tags that the environment lets in are not every writer's to make."""
    settings = repo.settings
    tags = [tag for start in tag_starts(publication) for tag in start.tags]
    tags += [tag for pattern in patterns for tag in names_in(pattern)]
    return _restricted(
        "tags",
        tags,
        settings if isinstance(settings, Unseen) else settings.tag_rulesets,
        fault="everybody with write access may create the release tags",
        cut="restrict by a ruleset who may create release tags",
    )


def _branches(repo: Repository, environment: str, patterns: list[str]) -> ApprovalRule:
    """Whether branches that the environment lets in by a pattern are not every writer's to make."""
    settings = repo.settings
    return _restricted(
        "branches",
        [name for pattern in patterns for name in names_in(pattern)],
        settings if isinstance(settings, Unseen) else settings.branch_rulesets,
        fault=f"everybody with write access may create a branch that environment {environment} lets in",
        cut="name one branch in {}, or restrict by a ruleset who may create these",
    )


def _restricted(
    what: str,
    names: list[str],
    rulesets: tuple[TagRuleset, ...] | tuple[BranchRuleset, ...] | Unseen,
    *,
    fault: str,
    cut: str,
) -> ApprovalRule:
    need = PathNeed(
        what=f"who may create the release {what}", need=Need.SETTINGS, permission="Metadata: read"
    )
    opened = rulesets if isinstance(rulesets, Unseen) else made_by_writers(names, rulesets)
    if isinstance(opened, Unseen):
        return ApprovalRule(fault=fault, holds=None, cut=cut, need=need)
    return ApprovalRule(fault=fault, holds=not opened, cut=cut)


def _binding(repo: Repository, publication: Publication, environment: Environment) -> ApprovalRule:
    """Whether the release is bound to the environment: by the publisher, or since its credential
    is stored nowhere else.
    """
    if publication.auth in {Auth.TOKEN, Auth.MIXED} or publication.stored_credentials:
        return _secret_only_there(repo, publication, environment)
    where = environment.name.value
    fault = f"the registry's publisher does not name environment {where}"
    cut = "name {} in the registry's publisher"
    need = PathNeed(what=f"whether the publisher names environment {where}", need=Need.INDEX)
    release = newest_release(repo, publication)
    if release is None or isinstance(release, Unseen) or isinstance(release.provenance, Unseen):
        return ApprovalRule(fault=fault, holds=None, cut=cut, need=need)
    named = [p.environment for p in release.provenance if is_this_repository(repo, p)]
    if not named:
        return ApprovalRule(fault=fault, holds=None, cut=cut, need=need)
    bound = all(each.lower() == where.lower() for each in named)
    return ApprovalRule(fault=fault, holds=bound, cut=cut)


def _secret_only_there(
    repo: Repository, publication: Publication, environment: Environment
) -> ApprovalRule:
    where = environment.name.value
    names = {c.secret.lower() for c in publication.stored_credentials if c.secret}
    fault = f"its secret is stored outside environment {where} too"
    cut = "store the secret in {} only, or use a trusted publisher"
    need = PathNeed(
        what=f"whether its secret is stored in environment {where} only",
        need=Need.SECRET_NAMES,
        permission="Secrets: read",
    )
    held = secret_elsewhere(repo, frozenset(names))
    if held is None:
        return ApprovalRule(fault=fault, holds=None, cut=cut, need=need)
    return ApprovalRule(fault=fault, holds=not held and bool(names), cut=cut)


def secret_elsewhere(repo: Repository, names: frozenset[str]) -> bool | None:
    """Whether one of these secrets (lower case) is stored for the whole repository or by the
    owner; None where the names were not read.
    """
    settings = repo.settings
    if isinstance(settings, Unseen):
        return None
    lists = (settings.secret_names, settings.organization_secret_names)
    for listed in lists:
        if not isinstance(listed, Unseen) and names & {name.lower() for name in listed}:
            return True
    return None if any(isinstance(listed, Unseen) for listed in lists) else False


def _need(what: str) -> PathNeed:
    return PathNeed(what=what, need=Need.SETTINGS, permission="Actions: read")
