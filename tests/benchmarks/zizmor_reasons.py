"""Why our checks and zizmor's rules differ at a place: the deviations of the checks, as data."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from audits.analysis.caches import Restores, restores_cache
from audits.analysis.known_actions import scope_use
from audits.analysis.taint import Tracer
from audits.model.publication import Channel, Publication
from audits.model.repository import Repository, StepSite
from audits.model.workflow import Job, PermissionsState, Workflow
from tests.engines.agreement import Said, Spot


class Difference(Struct, frozen=True, kw_only=True):
    """A finding of one side only, and its repository, read with all its workflows."""

    repository: Repository
    spot: Spot
    path: str
    ours: Said | None
    theirs: Said | None

    @property
    def text(self) -> str:
        """The file it stands in."""
        file = self.repository.file(self.path)
        return file.text if file else ""

    @property
    def line(self) -> str:
        """The line it stands on."""
        return self.text.split("\n")[self.spot.line - 1]

    @property
    def workflow(self) -> Workflow | None:
        """The workflow it stands in; None in an action or another file."""
        return next((w for w in self.repository.workflows if w.path == self.path), None)

    @property
    def job(self) -> Job | None:
        """The job it stands in."""
        found = None
        for job in self.workflow.jobs if self.workflow else ():
            if job.at.line <= self.spot.line:
                found = job
        return found

    @property
    def site(self) -> StepSite | None:
        """The step it stands in."""
        path, line = self.path, self.spot.line
        above = [s for s in self.repository.steps() if s.path == path and s.step.at.line <= line]
        return max(above, key=lambda site: site.step.at.line, default=None)

    @property
    def publication(self) -> Publication | None:
        """The publication whose upload or credential stands on the line."""
        for publication in self.repository.publications:
            places = (publication.at, *(c.at for c in publication.credentials))
            if any((at.path, at.line) == (self.path, self.spot.line) for at in places):
                return publication
        return None


def _says_itself(job: Job) -> bool:
    return job.permissions.state is not PermissionsState.ABSENT


def _relying(workflow: Workflow) -> list[Job]:
    return [job for job in workflow.live_jobs if not _says_itself(job)]


def _one_job_or_all_say(it: Difference) -> bool:
    workflow = it.workflow
    if workflow is None or it.theirs is None or "no permissions" not in it.theirs.detail:
        return False
    return len(workflow.jobs) == 1 or not _relying(workflow)


def _only_called(it: Difference) -> bool:
    return it.workflow is not None and it.workflow.is_only_called


def _few_rely(it: Difference) -> bool:
    workflow = it.workflow
    broad = it.theirs is not None and "at the workflow level" in it.theirs.detail
    return broad and workflow is not None and len(_relying(workflow)) < 2


def _read_all_in_job(it: Difference) -> bool:
    return it.job is not None and it.job.permissions.state is PermissionsState.READ_ALL


def _ours_by(check: str) -> Callable[[Difference], bool]:
    return lambda it: it.ours is not None and it.ours.by == check


def _theirs(it: Difference) -> bool:
    return it.theirs is not None


def _publishes(it: Difference) -> bool:
    return it.job is not None and bool(it.repository.publications_of(it.job))


def _of_other_job(it: Difference) -> bool:
    return it.theirs is not None and not _publishes(it)


def _not_of_the_upload(it: Difference) -> bool:
    """Whether the publishing job reads the secret for something else than its upload."""
    return it.theirs is not None and _publishes(it) and it.publication is None


def _without_environments(it: Difference) -> bool:
    found = it.publication
    return it.theirs is not None and found is not None and not found.registry.judges_environment


def _called_with_secret(it: Difference) -> bool:
    """Whether zizmor, which looks at steps, does not see what the call hands over."""
    return it.ours is not None and it.job is not None and it.job.uses is not None


def _variable_of_workflow(it: Difference) -> bool:
    """Whether the line reads a variable that holds the secret, set for the whole workflow."""
    workflow = it.workflow
    named = workflow.env if workflow is not None else {}
    return it.ours is not None and any(re.search(rf"\b{name}\b", it.line) for name in named)


def _may_be_called(it: Difference) -> bool:
    """Whether zizmor leaves the question to the callers."""
    workflow = it.workflow
    return (
        it.ours is not None
        and workflow is not None
        and workflow.trigger("workflow_call") is not None
    )


def _not_a_publishing_job(it: Difference) -> bool:
    """Whether zizmor sees no publishing context: no release, no tag, or another file."""
    workflow = it.workflow
    if it.ours is None or workflow is None:
        return it.ours is not None
    push = workflow.trigger("push")
    return workflow.trigger("release") is None and (
        push is None or (push.tags is None and push.tags_ignore is None)
    )


def _outside_releases(it: Difference) -> bool:
    return it.theirs is not None and it.path not in it.repository.graph.release_paths


def _unknown_uploader(it: Difference) -> bool:
    known = ("twine", "gh-action-pypi-publish", "npm publish", "cargo publish", "uv publish")
    found = it.publication
    return it.ours is not None and found is not None and not found.mechanism.startswith(known)


def _has_identity(it: Difference) -> bool:
    return it.ours is not None and it.publication is not None and it.publication.id_token


def _for_tests(it: Difference) -> bool:
    found = it.publication
    return it.theirs is not None and found is not None and found.channel is Channel.TEST


def _for_own_index(it: Difference) -> bool:
    found = it.publication
    return it.theirs is not None and found is not None and found.channel is Channel.PRIVATE


def _only_tests(it: Difference) -> bool:
    return it.theirs is not None and it.job not in it.repository.graph.release_jobs


def _all_use(it: Difference) -> bool:
    workflow, scope = it.workflow, it.line.partition(":")[0].strip()
    if workflow is None or it.theirs is None:
        return False
    relying = _relying(workflow)
    uses = (scope_use(it.repository, workflow, job).writes(scope) for job in relying)
    return bool(relying) and all(uses)


def _no_job_relies(it: Difference) -> bool:
    ours = it.ours is not None and it.ours.by == "broad-workflow-permissions"
    return ours and it.workflow is not None and not _relying(it.workflow)


def _followed(it: Difference) -> bool:
    """Whether zizmor, which does not follow values, has nothing on the line."""
    return it.ours is not None and it.ours.by == "template-injection"


def _other_event(it: Difference) -> bool:
    usual = ("pull_request_target", "workflow_run")
    return it.ours is not None and not any(event in it.line for event in usual)


def _conditions(it: Difference) -> bool:
    workflow = it.workflow
    return workflow is not None and any(job.condition for job in workflow.live_jobs)


def _other_ecosystem(it: Difference) -> bool:
    return it.theirs is not None and "github-actions" not in it.line


def _ecosystem_missing(it: Difference) -> bool:
    return it.ours is not None and re.search(r"ecosystem: *(''|\"\")", it.line) is not None


_CONTEXT = re.compile(
    r"\b(github|steps|needs|inputs|env|matrix|vars|runner|job|strategy|secrets)((?:\.[\w*-]+)+)?",
    re.I,
)
_FIXED = re.compile(
    r"github\.(sha|repository\w*|run_\w+|workspace|action_path|actor\w*|triggering_actor|job|event_name|"
    r"server_url|api_url|ref_type|token|workflow|event\.repository\.\w+|event\.number|event\.release\.(prerelease|draft)|"
    r"event\.pull_request\.(number|user\.login|head\.sha|head\.repo\.fork|base\.sha|html_url|merge_commit_sha)|"
    r"event\.issue\.(number|html_url|user\.login)|event\.workflow_run\.(id|head_sha|html_url|conclusion)|"
    r"event\.comment\.(id|user\.login|html_url)|event\.release\.(id|upload_url|html_url))$",
    re.I,
)


def _names(it: Difference) -> set[str]:
    """The contexts in the fences on the line, or around it where a fence has several lines."""
    fences = re.findall(r"\$\{\{(.*?)\}\}", it.line)
    shown = " ".join(fences) if fences else it.line
    shown = re.sub(r"'[^']*'", "''", shown)
    return {match[0].lower() for match in _CONTEXT.finditer(shown)}


def _all(test: Callable[[Difference, str], bool]) -> Callable[[Difference], bool]:
    """Whether a test holds for each context on a line that zizmor alone reports."""
    return lambda it: it.theirs is not None and all(test(it, name) for name in _names(it))


def _traced(it: Difference) -> tuple[bool, tuple[str, ...]]:
    """Whether the values of the line were followed and nobody without write access sets one, and
    where the trails were lost. A finding of zizmor in a script of several lines stands on one.
    """
    sites = [
        s for s in it.repository.steps() if s.path == it.path and s.step.at.line <= it.spot.line
    ]
    if it.theirs is None or not sites:
        return False, ()
    tracer = Tracer(it.repository, max(sites, key=lambda site: site.step.at.line))
    found = list(tracer.taints(it.line))
    return not found, tracer.untraced(it.line)


def _followed_to_nobody(it: Difference) -> bool:
    free, lost = _traced(it)
    return free and not lost and bool(re.search(r"\$\{\{.*\}\}", it.line))


def _lost(it: Difference) -> bool:
    return bool(_traced(it)[1])


def _is_output(it: Difference, name: str) -> bool:
    return name.startswith(("steps.", "needs.")) or _is_fixed(it, name)


def _is_fixed(_: Difference, name: str) -> bool:
    return _FIXED.match(name) is not None or name.startswith(
        ("runner.", "vars.", "job.", "strategy.", "secrets")
    )


def _is_set_here(it: Difference, name: str) -> bool:
    """Whether the file itself gives the value: a variable, the matrix, a step's output."""
    return name.startswith(("env.", "matrix")) or _is_output(it, name)


def _is_given(it: Difference, name: str) -> bool:
    """Whether a caller gives the value, or the one who starts it chooses from a list."""
    return name.startswith(("inputs", "github.event.inputs")) or _is_set_here(it, name)


def _plain_refs(it: Difference) -> bool:
    return it.theirs is not None and "github.ref" in it.line


def _never_carried(it: Difference, name: str) -> bool:
    """Whether no event of the file carries the field."""
    events = {t.event for t in it.workflow.triggers} if it.workflow else set()
    carried = {
        "github.head_ref": {"pull_request", "pull_request_target"},
        "github.ref_name": {"push", "release", "create", "workflow_dispatch", "workflow_call"},
        "github.event.issue": {"issues", "issue_comment"},
        "github.event.release": {"release", "workflow_call"},
        "github.event.pull_request": {"pull_request", "pull_request_target", "workflow_call"},
    }
    fields = (by for start, by in carried.items() if name.startswith(start))
    return any(not by & events for by in fields) or _is_given(it, name)


def _left_off(it: Difference) -> bool:
    """Whether the step's version, or the repository's `package.json`, leaves the cache off."""
    site = it.site
    if it.theirs is None or site is None:
        return False
    step = site.step
    return restores_cache(it.repository, step)[0] is Restores.NO


def _unknown_cache(it: Difference) -> bool:
    """Whether only we know that the action restores a cache."""
    known = r"docker/build-push-action|prefix-dev/setup-pixi|mamba-org/setup-micromamba"
    return it.ours is not None and re.search(known, it.line) is not None


REASONS: tuple[tuple[str, str, Callable[[Difference], bool]], ...] = (
    ("archived-uses", "offline, the action's repository is not asked", _theirs),
    (
        "cache-poisoning",
        "a release job, whatever starts it and whatever uploads",
        _not_a_publishing_job,
    ),
    (
        "cache-poisoning",
        "a job that takes no part in a release of this repository",
        _outside_releases,
    ),
    ("cache-poisoning", "a job that only tests, beside the release", _only_tests),
    ("cache-poisoning", "a cache that this version or `package.json` leaves off", _left_off),
    ("cache-poisoning", "an action whose cache zizmor does not know", _unknown_cache),
    ("dangerous-triggers", "a condition is in the way, or decided by an output", _conditions),
    ("dangerous-triggers", "an event that zizmor leaves out", _other_event),
    (
        "dangerous-triggers",
        "no way to a release, and neither rights nor an outsider's code",
        _outside_releases,
    ),
    (
        "dependabot-cooldown",
        "no bot updates actions",
        lambda it: it.ours is not None and "dependabot" not in it.path,
    ),
    (
        "dependabot-cooldown",
        "zizmor stops at the first update that is in order",
        lambda it: it.ours is not None and "dependabot" in it.path,
    ),
    ("dependabot-cooldown", "only updates of actions count", _other_ecosystem),
    ("dependabot-cooldown", "zizmor refuses a file with such an ecosystem", _ecosystem_missing),
    ("excessive-permissions", "its pedantic users: one job, or each job says", _one_job_or_all_say),
    ("excessive-permissions", "its pedantic users: a workflow that is only called", _only_called),
    ("excessive-permissions", "fewer than two jobs rely on the scope", _few_rely),
    ("excessive-permissions", "`read-all` in a job", _read_all_in_job),
    ("excessive-permissions", "every job that relies on the scope uses it", _all_use),
    ("excessive-permissions", "a right at the top on which no job relies", _no_job_relies),
    ("excessive-permissions", "a job's scope that nothing uses", _ours_by("broad-job-permissions")),
    (
        "excessive-permissions",
        "an identity in a job that does not publish",
        _ours_by("id-token-too-wide"),
    ),
    ("secrets-outside-env", "a secret of a job that publishes nothing", _of_other_job),
    ("secrets-outside-env", "a secret that the job's upload does not read", _not_of_the_upload),
    (
        "secrets-outside-env",
        "a credential of a registry without trusted publishing",
        _without_environments,
    ),
    ("secrets-outside-env", "an upload to a private index", _for_own_index),
    ("secrets-outside-env", "an upload to a test index", _for_tests),
    ("secrets-outside-env", "a secret that a call hands over", _called_with_secret),
    ("secrets-outside-env", "a variable of the whole workflow", _variable_of_workflow),
    ("secrets-outside-env", "a workflow that others may call", _may_be_called),
    ("template-injection", "the value is nobody's to set", _all(_is_fixed)),
    (
        "template-injection",
        "followed to where it is set, and nobody sets it from outside",
        _followed_to_nobody,
    ),
    ("template-injection", "an output or value that cannot be followed to its end", _lost),
    ("template-injection", "outputs of steps and jobs", _all(_is_output)),
    (
        "template-injection",
        "variables and matrix, followed to where they are set",
        _all(_is_set_here),
    ),
    (
        "template-injection",
        "inputs of calls and actions, followed to the caller, and choices",
        _all(_is_given),
    ),
    ("template-injection", "no event of the workflow carries it", _all(_never_carried)),
    ("template-injection", "a value that only we follow to who sets it", _followed),
    ("template-injection", "filters let through names that carry no code", _plain_refs),
    (
        "unpinned-images",
        "an expression names the image",
        lambda it: it.theirs is not None and "${{" in it.line,
    ),
    (
        "unpinned-uses",
        "the SLSA generator",
        lambda it: "slsa-framework/slsa-github-generator" in it.line,
    ),
    ("use-trusted-publishing", "an uploader that zizmor does not know", _unknown_uploader),
    ("use-trusted-publishing", "a token beside `id-token: write`", _has_identity),
    ("use-trusted-publishing", "an upload to a test index", _for_tests),
    ("use-trusted-publishing", "an upload to a private index", _for_own_index),
)
"""Rule, reason, and whether it holds for a difference."""


def reason_of(difference: Difference) -> str:
    """The first reason that holds, "" if none does."""
    rule = difference.spot.rule
    return next((why for of, why, holds in REASONS if of == rule and holds(difference)), "")
