"""The steps left to a person after a release workflow is written, as links in order."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from audits.fixes.links import publisher_form, repository_url, settings_link
from audits.init.project import VersionFrom
from audits.init.workflow import ReleaseShape
from audits.model.index_hosts import IndexHosts
from audits.model.outcome import SettingsPage
from audits.model.registry import Registry
from audits.model.source import RepositoryRef
from audits.model.wording import and_list

_CANDIDATE = "1.2.3-rc.1"
_CANDIDATES = {Registry.PYPI: "1.2.3rc1", Registry.RUBYGEMS: "1.2.3.rc1"}
"""A version before the release, where it is not spelled as https://semver.org has it."""


class PersonStep(Struct, frozen=True, kw_only=True):
    """One thing to do; ``url`` is the page on which it is done, "" where that is not known."""

    text: str
    url: str = ""


class WrittenWorkflow(Struct, frozen=True, kw_only=True):
    """A workflow that is written for a shape, and its path."""

    shape: ReleaseShape
    path: str


def person_steps(
    ref: RepositoryRef, index: IndexHosts, written: Sequence[WrittenWorkflow], private: bool | None
) -> tuple[PersonStep, ...]:
    """The steps in the order in which they are to be done."""
    steps = [PersonStep(text=remark) for each in written for remark in each.shape.project.remarks]
    steps += [_environment(ref, each.shape, private) for each in written]
    steps += [_publisher(ref, index, each) for each in written]
    steps += [
        PersonStep(
            text=f"Let nobody move or delete a release's tag: a ruleset for {_tags(written)} that "
            "restricts updates and deletions.",
            url=settings_link(ref, SettingsPage.RULES),
        ),
        PersonStep(
            text="Make releases immutable, so that nobody replaces the files of one: in the "
            "settings of the repository, under Releases.",
            url=settings_link(ref, SettingsPage.RELEASES),
        ),
        PersonStep(text="Merge what was written here."),
    ]
    steps += [_release(ref, each.shape) for each in written]
    steps.append(
        PersonStep(
            text="Revoke the tokens that published before at the registry, if there were any, "
            "then delete their secrets here.",
            url=settings_link(ref, SettingsPage.SECRETS),
        )
    )
    return tuple(steps)


def _tags(written: Sequence[WrittenWorkflow]) -> str:
    prefixes = [each.shape.tag_prefix for each in written]
    return and_list(f"`{prefix}*`" for prefix in prefixes if prefix) or "the tags of releases"


def _environment(ref: RepositoryRef, shape: ReleaseShape, private: bool | None) -> PersonStep:
    tags = f"`{shape.tag_prefix}*`" if shape.tag_prefix else "those of releases, such as `v*`"
    plan = ""
    if private:
        plan = " In a private repository, reviewers and rules need a paid plan of GitHub."
    return PersonStep(
        text=f"Make the environment `{shape.environment}`: required reviewers who cannot approve "
        f"their own release, no bypass by administrators, and deployment from tags only, {tags}."
        + plan,
        url=settings_link(ref, SettingsPage.ENVIRONMENTS),
    )


def _publisher(ref: RepositoryRef, index: IndexHosts, written: WrittenWorkflow) -> PersonStep:
    shape = written.shape
    project = shape.project
    info = project.registry.info
    file = written.path.rpartition("/")[2]
    own = f"repository {ref}" if ref.is_known else "this repository (no remote names it yet)"
    given = f"{own}, workflow {file}, environment {shape.environment}"
    text = f"Register the trusted publisher of {project.name} at {info.label}: {given}"
    if project.registry is Registry.PYPI:
        form = publisher_form(ref, index, project.name, written.path, shape.environment)
        if not form:
            return PersonStep(text=f"{text}.")
        pending = f"{index.base}/manage/account/publishing/"
        return PersonStep(text=f"{text}; a project that is new there: {pending}", url=form)
    where = info.trusted.where if info.trusted is not None else ""
    text = f"{text} ({where})"
    if project.registry is Registry.NPM:
        text += ", allowed to stage only" if shape.staged else ", allowed to publish"
    return PersonStep(text=f"{text}.", url=_documentation(project.registry))


def _documentation(registry: Registry) -> str:
    trusted = registry.info.trusted
    return trusted.source if trusted is not None else ""


def _release(ref: RepositoryRef, shape: ReleaseShape) -> PersonStep:
    project = shape.project
    base = repository_url(ref)
    tag = f"`{shape.tag_prefix or 'v'}{_CANDIDATES.get(project.registry, _CANDIDATE)}`"
    if project.version is VersionFrom.TAGS:
        version = "its version is made from the tag"
    else:
        version = f"its version is {project.version.value}: raise it before"
    text = (
        f"Release a candidate of {project.name}: publish a GitHub release, marked as a "
        f"pre-release, with a tag such as {tag}; {version}."
    )
    if project.registry is Registry.NPM and shape.staged:
        text += " Then approve the staged release at npm, with a second factor."
    return PersonStep(text=text, url=f"{base}/releases/new" if base else "")
