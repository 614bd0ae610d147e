"""The environment that a publication deploys to, and its protection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from audits.analysis.environment_names import environment_names
from audits.model.location import Location
from audits.model.outcome import Clean, Finding, SettingsPage, Unknown, Verdict
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.settings import EnvironmentSettings, Need, Unseen
from audits.model.workflow import Environment, Job

# Patterns of stars, question marks and slashes alone, such as `*`, `**` and `**/*`:
# https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
_ANY_NAME = re.compile(r"[?/]*\*[*?/]*")
DECIDED_LATER = Unseen(
    need=Need.WORKFLOW, reason="the environment's name is worked out when the job runs"
)


def judged_publications(repo: Repository) -> tuple[Publication, ...]:
    """The publications that the environment area is about: uploads to production (and to what
    may be production) of registries that know environments.
    """
    return tuple(p for p in repo.publications if p.is_scored and p.judges_environment)


class UsedEnvironment(Struct, frozen=True, kw_only=True):
    """An environment that a publishing job names.

    ``settings`` is None where GitHub has no environment of that name, and `Unseen` where the
    settings, or the name itself (then ``""``), could not be seen. ``publication`` is set where
    the job holds no other one.
    """

    job: Job
    declared: Environment
    name: str
    settings: EnvironmentSettings | Unseen | None
    publication: Publication | None

    @property
    def at(self) -> Location:
        """The place of ``environment:``."""
        return self.declared.at

    @property
    def known(self) -> EnvironmentSettings | Unseen | None:
        """Its settings where protection can be judged: None where the environment does not
        exist or the plan offers no protection.
        """
        settings = self.settings
        if isinstance(settings, EnvironmentSettings) and not settings.on_plan:
            return None
        return settings

    def clean(self) -> Clean:
        """The verdict that it is in order."""
        return Clean(at=self.at, job=self.job, publication=self.publication)

    def unknown(self, unseen: Unseen) -> Unknown:
        """The verdict that it could not be judged."""
        return Unknown(at=self.at, unseen=unseen, job=self.job, publication=self.publication)

    def fault(self, message: str) -> Finding:
        """The finding that its settings are at fault."""
        return Finding(
            message=message,
            at=self.at,
            job=self.job,
            publication=self.publication,
            anchor=self.name,
            environment=self.name,
            settings_page=SettingsPage.ENVIRONMENTS,
        )


def used_environments(repo: Repository) -> Iterator[UsedEnvironment]:
    """Every environment that a judged publication's job may deploy to, once a job and name."""
    jobs: dict[Job, list[Publication]] = {}
    for publication in judged_publications(repo):
        if publication.environment is not None:
            jobs.setdefault(publication.job, []).append(publication)
    for job, publications in jobs.items():
        declared = publications[0].environment
        if declared is None:
            continue
        _, only = subject(publications)
        found = [environment_names(publication) for publication in publications]
        names = dict.fromkeys(name.lower() for each in found for name in each.values if name)
        spelled = {name.lower(): name for each in found for name in each.values}
        for name in names:
            yield UsedEnvironment(
                job=job,
                declared=declared,
                name=spelled[name],
                settings=settings_of(repo, name),
                publication=only,
            )
        if not all(each.complete for each in found):
            yield UsedEnvironment(
                job=job, declared=declared, name="", settings=DECIDED_LATER, publication=only
            )


def environment_verdicts(
    repo: Repository, fault_of: Callable[[str, EnvironmentSettings], str | Unseen | None]
) -> Iterator[Verdict]:
    """The verdicts on the protection of every environment that a judged publication may use.

    ``fault_of`` gets an environment's name and settings. It returns the message of a fault, ""
    where nothing is wrong, None where the check does not apply, or what it could not see.
    """
    for used in used_environments(repo):
        settings = used.known
        if settings is None:
            continue
        fault = settings if isinstance(settings, Unseen) else fault_of(used.name, settings)
        if isinstance(fault, Unseen):
            yield used.unknown(fault)
        elif fault is not None:
            yield used.fault(fault) if fault else used.clean()


def settings_of(repo: Repository, name: str) -> EnvironmentSettings | Unseen | None:
    """The settings of an environment; names are compared without case, as GitHub does."""
    settings = repo.settings
    if isinstance(settings, Unseen):
        return settings
    if isinstance(settings.environments, Unseen):
        return settings.environments
    return settings.environments.get(name.lower())


def is_protected(settings: EnvironmentSettings) -> bool | Unseen:
    """Whether any rule guards the environment; one rule seen is enough to know.

    Branches and tags that are limited to all branches or to all tags are no rule: whoever may
    push one may push any of them.
    """
    patterns = settings.ref_patterns
    refs = patterns if isinstance(patterns, Unseen) else bool(patterns) and not all_refs(patterns)
    return _any(settings.reviewers, settings.wait_minutes, settings.custom_rules, refs)


def all_refs(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of ref (``branch``, ``tag``) that a policy lets in under any name."""
    found = (pattern.partition(":") for pattern in patterns)
    return tuple(dict.fromkeys(kind for kind, _, name in found if _ANY_NAME.fullmatch(name)))


def _any(*rules: int | tuple[str, ...] | Unseen) -> bool | Unseen:
    if any(rule for rule in rules if not isinstance(rule, Unseen)):
        return True
    return next((rule for rule in rules if isinstance(rule, Unseen)), False)


def subject(publications: list[Publication]) -> tuple[Job | None, Publication | None]:
    """Whom a verdict about these publications concerns: the job and the publication to give.

    One publication is named itself; several of one job by their job; others by neither, so
    that the place of the verdict decides.
    """
    if len(publications) == 1:
        return publications[0].job, publications[0]
    jobs = {publication.job for publication in publications}
    return (jobs.pop() if len(jobs) == 1 else None), None
