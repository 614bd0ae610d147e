"""Finds every step of a job that uploads something to a registry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from audits.model.command import Command
from audits.model.hop import Hop
from audits.model.location import Location, Scalar
from audits.model.publication import Auth, Publication, Route
from audits.model.registry import Claims, Registry
from audits.model.remote_path import called_name, foreign_path
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Environment, EnvironmentForm, Job, Level, Step, Workflow
from audits.workflow.publish.action_version import reaches, version_of
from audits.workflow.publish.can_run import can_run
from audits.workflow.publish.channel import channel_of, is_local
from audits.workflow.publish.credentials import Proof, proof_of
from audits.workflow.publish.images import instance_of
from audits.workflow.publish.indirect import (
    handed_upload,
    hands_secret,
    indirect_uploads,
    may_be_credential,
)
from audits.workflow.publish.match import by_command, by_uses, commands_of
from audits.workflow.publish.package_names import packages_of
from audits.workflow.publish.site import Library, Site
from audits.workflow.publish.values import Kind, value_of
from audits.workflow.publish.withheld import is_withheld
from audits.workflow.tasks.invocations import image_build, may_lead
from audits.workflow.uploaders.catalog import MINTING_ACTIONS, RUN_BY_ACTION
from audits.workflow.uploaders.consumers import may_open_registry
from audits.workflow.uploaders.uploader import DRY, Uploader

__all__ = ["Library", "find_publications"]

# GitHub allows ten levels of composite actions; actions that use each other grow without end.
_DEEPEST = 10
_MOST_SITES = 2000
# A generated job may hold any number of publications.
MOST_OF_STEP = 50
MOST_OF_JOB = 200
_MOST_BEFORE = 200
# A pattern that begins with a set of letters is found faster than one that ignores case.
_STORED = re.compile(r"[sS](?i:ecrets(?!\.GITHUB_TOKEN)[.\[:])")


def find_publications(
    workflow: Workflow, job: Job, routes: tuple[Route, ...], library: Library
) -> tuple[Publication, ...]:
    """The publications of a job, in the order of its steps.

    A job that calls a workflow of another repository is one where that workflow is known to
    publish (step -1), or is given a secret called after the package index; one whose text was
    read is searched like the repository's own. What a composite action of this repository
    uploads counts for the calling step, ``at`` the place inside the action.
    """
    if job.never_runs:
        return ()
    base = Site(workflow=workflow, job=job, routes=routes, library=library, path=workflow.path)
    if job.uses is not None:
        called = [_publication(base, uploader, None) for uploader in by_uses(base)]
        if not called and (handed := handed_upload(base)) is not None:
            called = [replace(_publication(base, handed, None), indirect=True)]
        return _numbered(called) if called and can_run(base) else ()
    if not _may_publish(base):
        return ()
    sites = sites_of(base)
    found: list[Publication] = []
    quiet: set[tuple[Step, Registry]] = set()
    for site in sites:
        if len(found) >= MOST_OF_JOB:
            break
        here = list(_of_step(site, quiet))
        if here and can_run(site):
            found += here
    held = frozenset(publication.registry for publication in found)
    for site, uploader in islice(indirect_uploads(sites, held, quiet), MOST_OF_JOB):
        if can_run(site) and not is_local(uploader, site, None):
            found.append(replace(_publication(site, uploader, None), indirect=True))
    order = {site.step: index for index, site in enumerate(sites)}
    return _numbered(sorted(found, key=lambda p: order.get(p.source_step, 0)))


def _numbered(found: list[Publication]) -> tuple[Publication, ...]:
    """The publications of a job, those of one step kept apart."""
    if len(found) < 2:
        return tuple(found)
    seen: Counter[int] = Counter()
    numbered = []
    for publication in found:
        seen[publication.step] += 1
        ordinal = seen[publication.step]
        numbered.append(replace(publication, ordinal=ordinal) if ordinal > 1 else publication)
    return tuple(numbered)


def _may_publish(base: Site) -> bool:
    """Whether a closer look can find anything: a quick test that most jobs fail."""
    if any(map(may_be_credential, (*base.workflow.env, *base.job.env))):
        return True
    actions, path = base.library.actions, base.path
    leads = holds_credential(base)
    for step in base.job.live_steps:
        reads = base.library.catalog.may_upload
        if step.run is not None and (reads(step.run.value) or (leads and _leads(step))):
            return True
        if any(map(may_be_credential, step.env)) or hands_secret(step.env):
            return True
        uses = step.uses
        if uses is not None and (
            uses.action in base.library.catalog.by_action
            or uses.action in RUN_BY_ACTION
            or uses.kind is UsesKind.DOCKER
            or image_build(step) is not None
            or (actions and called_name(uses, path) in actions)
            or hands_secret(step.inputs)
            or uses.action in MINTING_ACTIONS
        ):
            return True
    return False


def holds_credential(base: Site) -> bool:
    """Whether a job can ask for an identity, is given a secret, or has a token of its own that
    may write packages or releases.
    """
    if base.id_token:
        return True
    text = base.workflow.source.text[slice(*base.job.span)]
    if ("secrets" in text.lower() and _STORED.search(text)) or any(
        "secrets" in scalar.value for scalar in base.workflow.env.values()
    ):
        return True
    own = "GITHUB_TOKEN" in text or "github.token" in text
    return own and any(
        route.grant.level(scope) in {Level.WRITE, None}
        for route in base.routes
        for scope in ("packages", "contents")
    )


def _leads(step: Step) -> bool:
    return step.run is not None and may_lead(step.run.value)


def sites_of(base: Site) -> tuple[Site, ...]:
    """Every step that a job runs, with those inside the repository's own composite actions."""
    found: list[Site] = []
    steps = base.job.live_steps
    for index, step in enumerate(steps):
        before = steps[max(0, index - _MOST_BEFORE) : index + 1]
        site = Site(
            workflow=base.workflow,
            job=base.job,
            routes=base.routes,
            library=base.library,
            path=base.path,
            outer=step,
            step=step,
            before=before,
        )
        _enter(site, found, 0)
    return tuple(found)


def _enter(site: Site, found: list[Site], depth: int) -> None:
    found.append(site)
    uses = site.uses
    if uses is None or depth >= _DEEPEST:
        return
    action = site.library.actions.get(called_name(uses, site.path))
    if action is None:
        return
    steps = tuple(step for step in action.steps if not step.never_runs)
    for index, step in enumerate(steps):
        if len(found) >= _MOST_SITES:
            return
        inner = replace(
            site,
            step=step,
            path=action.path,
            action=action,
            parent=site,
            before=steps[max(0, index - _MOST_BEFORE) : index + 1],
        )
        _enter(inner, found, depth + 1)


def _of_step(site: Site, quiet: set[tuple[Step, Registry]]) -> Iterator[Publication]:
    """What a step uploads itself, or by a script; dry runs are noted in ``quiet``."""
    for uploader in by_uses(site):
        if not _leaves_the_run(uploader, site, None):
            if site.step is not None:
                quiet.add((site.step, uploader.registry))
            continue
        if (shown := _shown(site, uploader, None)) is not None:
            yield _publication(site, shown[0], None, shown[1])
    merged: dict[tuple[object, ...], Publication] = {}
    own = islice(by_command(commands_of(site), site), MOST_OF_STEP)
    for made in (*_of_commands(site, own, quiet), *_of_scripts(site, quiet)):
        key = (made.registry, made.channel, made.mechanism, made.auth, made.script)
        merged[key] = _joined(merged[key], made) if key in merged else made
    yield from merged.values()


def _of_commands(
    site: Site,
    found: Iterable[tuple[Uploader, Command, bool]],
    quiet: set[tuple[Step, Registry]],
) -> Iterator[Publication]:
    for uploader, command, uploads in found:
        if not (uploads and _leaves_the_run(uploader, site, command)):
            if site.step is not None:
                quiet.add((site.step, uploader.registry))
                if uploads and not command.path:
                    known = site.library.quiet.setdefault(site.step, set())
                    known.add((command.line, command.text))
            continue
        if (shown := _shown(site, uploader, command)) is None:
            continue
        if shown[0].registry is not uploader.registry and site.step is not None:
            quiet.add((site.step, uploader.registry))
        proof = shown[1]
        # A script of the repository publishes only where it is given a credential.
        if (
            command.path
            and not (proof.own or site.id_token)
            and _auth(shown[0], site, command, proof) is Auth.NONE
        ):
            continue
        yield _publication(site, shown[0], command, proof)


def _leaves_the_run(uploader: Uploader, site: Site, command: Command | None) -> bool:
    """Whether what a command uploads may get to a registry: to no server of the run itself, and
    not kept back by its own manifest.
    """
    if is_local(uploader, site, command):
        return False
    return uploader.otherwise is not None or not is_withheld(uploader, site, command)


def _is_given_credential(site: Site) -> bool:
    """Whether the step can ask for an identity or has a stored credential in its variables."""
    return site.id_token or any(
        value_of(owner, scalar.value).kind is Kind.STORED
        for _, scalar, _, owner in site.variable("*")
    )


def _of_scripts(site: Site, quiet: set[tuple[Step, Registry]]) -> Iterator[Publication]:
    """What the scripts and tasks that a step runs upload. Where all were read and upload
    nothing, the step is noted in ``quiet`` for every registry.
    """
    step = site.step
    if step is None or not (_leads(step) or image_build(step) is not None):
        return
    uploads = False
    hops: list[Hop] = []
    for each in (led := site.led()):
        inside = replace(site, script=each.commands)
        found = list(islice(by_command(each.commands, inside), MOST_OF_STEP))
        tries = any(word in DRY for word in each.hop.written.split())
        if not tries:
            yield from _of_commands(inside, found, quiet)
        does = not tries and any(
            does and _leaves_the_run(uploader, inside, command) for uploader, command, does in found
        )
        uploads = uploads or does
        hops += [replace(each.hop, uploads=does), *each.further]
    if led and not uploads and all(each.hop.settled for each in led) and _only_leads(site):
        quiet.update((step, registry) for registry in Registry)
    if hops:
        given = _is_given_credential(site)
        site.library.led.setdefault(step, tuple(replace(hop, given=given) for hop in hops))


def _only_leads(site: Site) -> bool:
    """Whether nothing but what was followed could upload: a script of one command."""
    return sum(bool(command.words) for command in site.commands) <= len(site.led())


def _shown(
    site: Site, uploader: Uploader, command: Command | None
) -> tuple[Uploader, Proof] | None:
    """The uploader and its proof. Where it uploads only with a credential and has none: what it
    does instead, or None.
    """
    proof = _proof(site, uploader, command)
    if uploader.needs_token:
        return (uploader, proof) if proof.auth in {Auth.TOKEN, Auth.MIXED} else None
    withheld = uploader.otherwise is not None and is_withheld(uploader, site, command)
    if not withheld and (not uploader.needs_proof or proof.auth is not Auth.NONE):
        return uploader, proof
    if uploader.otherwise is None:
        return None
    instead = replace(uploader.otherwise, mechanism=uploader.mechanism)
    return instead, _proof(site, instead, command)


def _joined(first: Publication, second: Publication) -> Publication:
    """Two commands of one step that upload in the same way, as one publication."""
    return replace(
        first,
        packages=tuple(dict.fromkeys((*first.packages, *second.packages))),
        credentials=tuple(dict.fromkeys((*first.credentials, *second.credentials))),
    )


def _does_oidc(site: Site, uploader: Uploader, command: Command | None) -> bool:
    if uploader.oidc is None or _is_switched_off(site, uploader.oidc_switch, command):
        return False
    if uploader.oidc_words and (command is None or not command.has(*uploader.oidc_words)):
        return False
    if command is not None or site.uses is None:
        return True
    return reaches(version_of(site.uses, uploader.old_refs), uploader.oidc) is not False


def _is_switched_off(site: Site, switch: str, command: Command | None) -> bool:
    """Whether the uploader's switch for trusted publishing is off."""
    if not switch:
        return False
    if command is not None:
        return command.option(switch) == "never"
    scalar = site.input(switch)
    return scalar is not None and site.texts(scalar.value) == ("false",)


def _attests(site: Site, uploader: Uploader, command: Command | None) -> bool | None:
    """Whether attestations are made; None where the version or the uploader does not tell."""
    if uploader.attests_input and command is None:
        scalar = site.input(uploader.attests_input)
        texts = site.texts(scalar.value) if scalar is not None else None
        if texts and all(text.strip().lower() == "false" for text in texts):
            return False
    if command is not None and command.has(*uploader.attests_not_words):
        return False
    if command is not None and command.has(*uploader.attests_words):
        return True
    if uploader.attests_beside:
        steps = [step for _, step in site.steps_before()]
        beside = site.once("actions", lambda: {s.uses.action for s in steps if s.uses is not None})
        return not beside.isdisjoint(uploader.attests_beside)
    if uploader.attests is None:
        return False if uploader.attests_known else None
    if command is not None or site.uses is None:
        return True
    return reaches(version_of(site.uses, uploader.old_refs), uploader.attests)


def _proof(site: Site, uploader: Uploader, command: Command | None) -> Proof:
    return proof_of(uploader, site, command, _does_oidc(site, uploader, command))


def _publication(
    site: Site, uploader: Uploader, command: Command | None, proof: Proof | None = None
) -> Publication:
    proof = proof or _proof(site, uploader, command)
    uses = site.uses
    return Publication(
        workflow=site.workflow,
        job=site.job,
        step=site.outer.index if site.outer is not None else -1,
        at=_place(site, command),
        registry=uploader.registry,
        channel=channel_of(uploader, site, command),
        mechanism=uploader.mechanism,
        auth=_auth(uploader, site, command, proof),
        packages=packages_of(uploader, site, command),
        credentials=proof.credentials,
        environment=_environment(site, uploader),
        id_token=site.id_token,
        does_oidc=proof.mints or _does_oidc(site, uploader, command),
        attests=_attests(site, uploader, command),
        action=uses if site.step is not None else None,
        called=uses if site.step is None else _foreign_call(site),
        source_step=site.step,
        routes=site.routes,
        publisher_workflows=_publisher_workflows(site, uploader.registry),
        instance=instance_of(uploader, site, command),
        step_path=site.path if site.step is not None else "",
        script="" if command is None else command.path,
    )


def _auth(uploader: Uploader, site: Site, command: Command | None, proof: Proof) -> Auth:
    """How an upload authenticates; unknown where the step of a command that shows no credential
    is given a secret that may be one.
    """
    known = proof.auth is not Auth.NONE or proof.own or uploader.tokens.any_secret
    if known or command is None or site.step is None:
        return proof.auth
    given = (site.step.env, site.job.env, site.workflow.env)
    held = (pair for env in given for pair in env.items() if "${{" in pair[1].value)
    values = (value_of(site, scalar.value) for name, scalar in held if may_open_registry(name))
    unclear = any(v.kind is Kind.STORED and may_open_registry(v.secret) for v in values)
    return Auth.UNKNOWN if unclear else Auth.NONE


def _place(site: Site, command: Command | None) -> Location:
    step = site.step
    if command is not None:
        return Location(path=command.path or site.path, line=command.line)
    if site.uses is not None:
        return site.at(site.uses.raw)
    if step is not None and step.run is not None:
        return Location(path=site.path, line=step.run.line_at(0))
    return step.at if step is not None else site.job.at


def _environment(site: Site, uploader: Uploader) -> Environment | None:
    """The job's environment, or the one that a called workflow is given."""
    if site.step is not None or not uploader.environment_input:
        return site.job.environment
    name = site.input(uploader.environment_input)
    if name is None or name.is_null or not name.value.strip():
        return site.job.environment
    return Environment(
        form=EnvironmentForm.STRING, name=name, at=site.at(name), dynamic=_is_open(name)
    )


def _is_open(scalar: Scalar) -> bool:
    return "${{" in scalar.value


def _publisher_workflows(site: Site, registry: Registry) -> tuple[str, ...]:
    """The files that the registry's publisher would name, as its claim has it."""
    claims = registry.info.trusted.claims if registry.info.trusted is not None else None
    if claims is Claims.CALLING:
        return tuple(dict.fromkeys(route.entry.path for route in site.routes))
    # The file of a called workflow of another repository cannot be a publisher's here.
    called = claims is Claims.CALLED and site.step is not None
    return (site.workflow.path,) if called and foreign_path(site.workflow.path) is None else ()


def _foreign_call(site: Site) -> Uses | None:
    """The ``uses:`` by which this repository calls the other one whose workflow holds the step."""
    if foreign_path(site.workflow.path) is None:
        return None
    calls = (call for route in site.routes for call in route.calls)
    return next((c.uses for c in calls if c.uses and c.uses.kind is UsesKind.REMOTE), None)
