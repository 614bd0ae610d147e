"""Credential is written into the file.

## Why it matters
Whoever can read the repository has the credential, and so has everyone who ever cloned it: a
public repository is searched for tokens within minutes of a push. Removing the line later does
not help, because git keeps it.

## How to fix
Revoke the credential now, at the registry that issued it, and look through what was published
since it was committed. Then use a trusted publisher, or, for registries of images, a secret or
the workflow's own token.

The check looks at what uploaders and logins are given (inputs, environment, command line), at
passwords of container and service images, and for tokens that are known by their shape, also in
comments. A credential for a test index is milder; one for a registry on the runner itself
(`localhost`) passes.

## Deviations
zizmor's `hardcoded-container-credentials` knows passwords of images only, also for registries on
the runner itself, and points at the `credentials` of a service, not at the password.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.checks.api import (
    GITHUB_SECRETS,
    LOGIN_ACTIONS,
    OPENSSF_TRUSTED_PUBLISHERS,
    STEP_PUBLISHER,
    Area,
    Breadth,
    Channel,
    Clean,
    Example,
    Finding,
    Inputs,
    Job,
    Location,
    Outcome,
    Publication,
    Repository,
    Scalar,
    SettingsPage,
    Severity,
    SourceFile,
    StepSite,
    Verdict,
    carries_credential,
    check,
    is_literal,
    is_local_host,
    is_local_image,
    names_local_url,
    shapes,
)

_ACTION = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
_PASSWORD = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: {_ACTION}
        with:
          {{url}}
          password: {{password}}
"""
_IMAGES = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container:
      image: registry.orchard.example/build:1
      credentials:
        username: builder
        password: apples-and-pears # !
    services:
      cache:
        image: localhost:5000/cache:1
        credentials:
          username: builder
          password: apples-and-pears
    steps:
      - uses: {_ACTION}
"""
_LOGIN = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/login-action@v3
        with:
          username: builder
          password: apples-and-pears # !
      - uses: docker/login-action@v3
        with:
          registry: localhost:5000
          password: apples-and-pears
      - uses: {_ACTION}
"""
_COMMAND = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          python -m build
          twine upload -u builder -p apples-and-pears dist/* # !
"""
_VARIABLE = f"""\
on: release
env:
  UV_PUBLISH_TOKEN: apples-and-pears # !
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: {_ACTION}
"""
_COMMENT = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      # the old token was pypi-AgE{"x" * 80} # !
      - uses: {_ACTION}
"""
_TEST_URL = "repository-url: https://test.pypi.example/legacy/"
_LOCAL_URL = "repository-url: http://localhost:8080/"


def _password(password: str, url: str = "verbose: true") -> str:
    return _PASSWORD.format(password=password, url=url)


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.CRITICAL,
    any_workflow=True,
    lesson=STEP_PUBLISHER,
    links=(GITHUB_SECRETS, OPENSSF_TRUSTED_PUBLISHERS),
    zizmor="hardcoded-container-credentials",
    examples=(
        Example(
            name="in an input",
            workflow=_password("apples-and-pears # !"),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="for a test index",
            workflow=_password("apples-and-pears # !", _TEST_URL),
            severity=Severity.HIGH,
        ),
        Example(
            name="for an index on the runner",
            workflow=_password("pears", _LOCAL_URL),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(name="a password of an image", workflow=_IMAGES),
        Example(name="a login to a registry of images", workflow=_LOGIN),
        Example(name="on the command line", workflow=_COMMAND),
        Example(name="in the environment", workflow=_VARIABLE),
        Example(name="in a comment", workflow=_COMMENT),
        Example(name="a secret", workflow=_password("${{ secrets.INDEX_TOKEN }}")),
        Example(
            name="nothing is published",
            workflow="on: push\njobs: {}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def hardcoded_credential(repo: Repository) -> Iterator[Verdict]:
    """Look where credentials belong first, and then for tokens anywhere."""
    reported: set[tuple[str, int]] = set()
    for finding in _all_findings(repo):
        if (finding.at.path, finding.at.line) not in reported:
            reported.add((finding.at.path, finding.at.line))
            yield finding
    for publication in repo.publications:
        yield Clean(at=publication.at, job=publication.job, publication=publication)


def _all_findings(repo: Repository) -> Iterator[Finding]:
    for publication in sorted(repo.publications, key=lambda p: p.channel is Channel.TEST):
        yield from _of_publication(repo, publication)
    for site in repo.jobs():
        yield from _of_images(site.job)
        yield from _of_variables(site.job.path, site.job.env, site.job)
    for step in repo.steps():
        yield from _of_step(step)
    for workflow in repo.release_workflows():
        yield from _of_variables(workflow.path, workflow.env, None)
        yield from _of_text(workflow.source)
    for action in repo.actions:
        if repo.breadth is Breadth.ALL or action.path in repo.graph.release_paths:
            yield from _of_text(action.source)


def _of_publication(repo: Repository, publication: Publication) -> Iterator[Finding]:
    step = publication.source_step
    texts = (
        [*(v.value for v in step.inputs.values()), *(v.value for v in step.env.values())]
        if step
        else []
    )
    words = [word for command in repo.commands(step) for word in command.words] if step else []
    if names_local_url([*texts, *words]):
        return
    is_test = publication.channel is Channel.TEST
    for credential in publication.credentials:
        if credential.literal:
            yield Finding(
                message=f"`{credential.name}` of `{publication.mechanism}` is written in the file: "
                "revoke it",
                at=credential.at,
                job=publication.job,
                publication=publication,
                severity=Severity.HIGH if is_test else None,
                because="it is for a test index" if is_test else "",
                anchor=credential.name,
                settings_page=SettingsPage.SECRETS,
            )


def _of_images(job: Job) -> Iterator[Finding]:
    for image in job.images:
        password = image.password
        if password and is_literal(password) and not is_local_image(image.reference.value):
            name = f"the service `{image.service}`" if image.service else "the job's container"
            message = f"The registry password for {name} is written in the file: revoke it"
            yield _finding(message, job.path, password, job, image.service or "container")


def _of_variables(path: str, env: Inputs, job: Job | None) -> Iterator[Finding]:
    if names_local_url(value.value for value in env.values()):
        return
    for name, value in env.items():
        if carries_credential(name) and is_literal(value):
            message = f"The value of `{name}` is written in the file: revoke it"
            yield _finding(message, path, value, job, name)


def _of_step(site: StepSite) -> Iterator[Finding]:
    step = site.step
    if step.uses is not None and step.uses.action in LOGIN_ACTIONS:
        field, registry = LOGIN_ACTIONS[step.uses.action]
        password, host = step.input(field), step.input(registry)
        if password and is_literal(password) and not (host and is_local_host(host.value)):
            message = f"The password for `{step.uses.action}` is written in the file: revoke it"
            yield _finding(message, site.path, password, site.job, field)
    if not names_local_url(value.value for value in step.inputs.values()):
        yield from _of_variables(site.path, step.env, site.job)


def _of_text(source: SourceFile) -> Iterator[Finding]:
    for shape in shapes(source.text):
        line = source.text.count("\n", 0, shape.start) + 1
        yield Finding(
            message=f"What looks like {shape.what} is written in the file: revoke it",
            at=Location(path=source.path, line=line),
            severity=Severity.HIGH if shape.is_test else None,
            because="it is for a test index" if shape.is_test else "",
            anchor=shape.what,
            settings_page=SettingsPage.SECRETS,
        )


def _finding(message: str, path: str, value: Scalar, job: Job | None, anchor: str) -> Finding:
    return Finding(
        message=message,
        at=Location(path=path, line=value.line, column=value.column),
        job=job,
        anchor=anchor,
        settings_page=SettingsPage.SECRETS,
    )
