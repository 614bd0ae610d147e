"""A release is built from a cache.

A step in a job that builds or publishes restores files that earlier runs left behind.

## Why it matters

Caches of the default branch can be filled by any workflow that runs there for somebody who may
push, and on an Enterprise Server also by one that handles an outsider's pull request; on
github.com such runs only read since 2026-06-26, unless `cache-mode` lets them write. Whoever writes into the cache once changes every
build that restores it, and nothing in the release shows it: the sources are right, the tools or
dependencies are not. A release is rare; the minute that a cache saves is not worth it. It is high
where somebody without write access was found to fill the cache today, and the finding says where.

## How to fix

Turn the cache off in the release: `enable-cache: false` for `astral-sh/setup-uv`, no `cache:`
for `actions/setup-python`, `package-manager-cache: false` for `actions/setup-node`, no
`actions/cache`, or `cache-mode: none` for the whole job. Where one workflow both tests and releases, let the run decide:
`enable-cache: ${{ github.ref_type != 'tag' }}`.

## Deviations

From zizmor's `cache-poisoning`, with which this agrees on actions, values and lines:
- jobs that take part in a release are judged whatever starts them and whatever uploads
  (`twine upload` too), and so are the composite actions they use; a job that only tests, and
  hands nothing on, is not;
- `actions/cache/restore` counts like `actions/cache`;
- `docker/build-push-action` restores a cache with `cache-from: type=gha`, and so do
  `prefix-dev/setup-pixi` and `mamba-org/setup-micromamba` when configured to;
- `actions/setup-go` before v4 and `actions/setup-node` before v5 cache only when asked to, and
  later versions of `actions/setup-node` only where `package.json` names a package manager,
  since v6 only npm;
- `cache-mode` is read as GitHub reads it, the job's before the workflow's and never more than
  the caller's: `none` and `write-only` restore nothing, where the host knows the key;
- an expression is decided under all events that start the job for a tag or release, not only
  where it has one of two forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.cache_modes import may_restore
from audits.analysis.caches import Control, Restores, restores_cache
from audits.analysis.conditions import reach, text_value
from audits.analysis.events import RefKind, starts_of
from audits.analysis.exposure.search import all_paths
from audits.checks.api import (
    GITHUB_CACHE,
    GITHUB_SECURE_USE,
    Actor,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Holds,
    Need,
    Outcome,
    PathState,
    Repository,
    Severity,
    Sink,
    SourceFile,
    Step,
    StepSite,
    Unknown,
    Unseen,
    Verdict,
    check,
    delete_lines,
    lines_of,
    set_input,
)
from audits.expressions.evaluate import truth

_NO_PACKAGE_FILE = Unseen(need=Need.WORKFLOW, reason="package.json was not read")
_READ_HIT = "A later step goes by `cache-hit`: take out this step together with that condition."
_WORKFLOW = """\
on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
_UV = "astral-sh/setup-uv@37802adc94f370d6bfd71619e3f0bf239e1f3b78 # v7.6.0"
_NODE = "actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0"
_IMAGE = "docker/build-push-action@53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0"
_FILLING = """\
on: pull_request_target
permissions: {contents: read}
jobs:
  size:
    cache-mode: %s
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with: {ref: 'refs/pull/${{ github.event.pull_request.number }}/merge'}
      - run: npm install && npm run build
"""
_WITH = "\n        with:\n          "
_MODES = """\
on: {{push: {{tags: ['v*']}}}}
{top}
jobs:
  publish:
    {job}
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {{id-token: write}}
    steps:
      - uses: actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830{mark}
        with: {{path: .venv, key: venv}}
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_TEST = """\
on: {push: {branches: [main]}}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
        with: {path: .tox, key: tox}
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_CACHE, GITHUB_SECURE_USE),
    fix=FixKind.REVIEW,
    zizmor="cache-poisoning",
    examples=(
        Example(
            name="on unless turned off",
            workflow=_WORKFLOW % f"{_UV}  # !",
            fixed=_WORKFLOW % f"{_UV}{_WITH}enable-cache: false",
        ),
        Example(
            name="turned on",
            workflow=_WORKFLOW
            % f"{_PYTHON}  # !{_WITH}python-version: '3.13'\n          cache: pip",
            fixed=_WORKFLOW % f"{_PYTHON}{_WITH}python-version: '3.13'",
        ),
        Example(
            name="turned on twice",
            workflow=_WORKFLOW % f"{_NODE}  # !{_WITH}node-version: 24\n          cache: npm",
            fixed=_WORKFLOW
            % f"{_NODE}{_WITH}node-version: 24\n          package-manager-cache: false",
            files={"package.json": '{"packageManager": "npm@11.6.0"}'},
        ),
        Example(
            name="on where the project names its package manager",
            workflow=_WORKFLOW % f"{_NODE}  # !",
            fixed=_WORKFLOW % f"{_NODE}{_WITH}package-manager-cache: false",
            files={"package.json": '{"devEngines": {"packageManager": {"name": "npm"}}}'},
        ),
        Example(
            name="layers of an image, from the cache of Actions",
            workflow=_WORKFLOW
            % f"{_IMAGE}  # !{_WITH}push: true\n          cache-from: type=gha,scope=amd64",
            fixed=_WORKFLOW % f"{_IMAGE}{_WITH}push: true",
        ),
        Example(
            name="layers of an image, from a registry",
            workflow=_WORKFLOW
            % f"{_IMAGE}{_WITH}push: true\n          cache-from: type=registry,ref=lumen:cache",
        ),
        Example(
            name="an environment of pixi",
            workflow=_WORKFLOW % f"prefix-dev/setup-pixi@v0.10.0  # !{_WITH}cache: true",
            fixed=_WORKFLOW % f"prefix-dev/setup-pixi@v0.10.0{_WITH}cache: false",
        ),
        Example(
            name="a project that names none",
            workflow=_WORKFLOW % _NODE,
            files={"package.json": '{"name": "lumen"}'},
        ),
        Example(
            name="a project whose package manager is cached on request only",
            workflow=_WORKFLOW % _NODE,
            files={"package.json": '{"packageManager": "pnpm@11.21.0"}'},
        ),
        Example(
            name="the version that caches for every package manager",
            workflow=_WORKFLOW % "actions/setup-node@v5  # !",
            files={"package.json": '{"packageManager": "pnpm@11.21.0"}'},
        ),
        Example(
            name="a version before caches were on",
            workflow=_WORKFLOW % "actions/setup-node@v4",
            files={"package.json": '{"packageManager": "npm@11.6.0"}'},
        ),
        Example(name="Go before caches were on", workflow=_WORKFLOW % "actions/setup-go@v3.5.0"),
        Example(
            name="Go before caches were on, as another tool comments it",
            workflow=_WORKFLOW
            % "actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5 # ratchet:actions/setup-go@v3",
        ),
        Example(name="Go since they are", workflow=_WORKFLOW % "actions/setup-go@v5  # !"),
        Example(
            name="Go of an unknown version",
            workflow=_WORKFLOW % "actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5  # !",
        ),
        Example(
            name="turned on for tags",
            workflow=_WORKFLOW
            % f"{_UV}  # !{_WITH}enable-cache: ${{{{ github.ref_type == 'tag' }}}}",
            fixed=_WORKFLOW % f"{_UV}{_WITH}enable-cache: false",
        ),
        Example(
            name="turned off for tags",
            workflow=_WORKFLOW % f"{_UV}{_WITH}enable-cache: ${{{{ github.ref_type != 'tag' }}}}",
        ),
        Example(
            name="kept out by the job's mode",
            workflow=_MODES.format(top="", job="cache-mode: none", mark=""),
        ),
        Example(
            name="kept out by the workflow's mode",
            workflow=_MODES.format(top="cache-mode: write-only", job="name: P", mark=""),
        ),
        Example(
            name="the job's mode goes before the workflow's",
            workflow=_MODES.format(top="cache-mode: none", job="cache-mode: read", mark="  # !"),
        ),
        Example(
            name="a mode that this host does not know",
            workflow=_MODES.format(top="cache-mode: none", job="name: P", mark="  # !"),
            host="github.orchard.example",
        ),
        Example(
            name="the mode in a script is no mode",
            workflow=_MODES.format(top="", job="name: P", mark="  # !")
            + "      - run: |\n          cat <<EOF\n          cache-mode: none\n          EOF\n",
        ),
        Example(
            name="a cache that anyone can fill",
            workflow=_WORKFLOW % f"{_UV}  # !",
            files={".github/workflows/size.yml": _FILLING % "write"},
            severity=Severity.HIGH,
        ),
        Example(
            name="a cache that outsiders only read",
            workflow=_WORKFLOW % f"{_UV}  # !",
            files={".github/workflows/size.yml": _FILLING % "read"},
            severity=Severity.MEDIUM,
        ),
        Example(name="turned off", workflow=_WORKFLOW % f"{_UV}{_WITH}enable-cache: false"),
        Example(name="off unless turned on", workflow=_WORKFLOW % _PYTHON),
        Example(
            name="a version that caches only when asked",
            workflow=_WORKFLOW % _UV.replace("v7.6.0", "v10.0.0"),
        ),
        Example(
            name="a test job that hands nothing on, started by a branch",
            workflow=_TEST,
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="a test job beside the release",
            workflow=_TEST.replace("{push: {branches: [main]}}", "release"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def cached_release_build(repo: Repository) -> Iterator[Verdict]:
    """Judge each step that can restore a cache."""
    for site in repo.steps():
        uses = site.step.uses
        if uses is None or not site.is_release_job:
            continue
        restores, controls = _restores(repo, site)
        at = uses.raw.location(site.path)
        if restores is Restores.NO:
            if controls:
                yield Clean(at=at, job=site.job)
            continue
        if repo.snapshot.alone and _restores(repo, site, alone=True)[0] is Restores.NO:
            yield Unknown(at=at, unseen=_NO_PACKAGE_FILE, job=site.job)
            continue
        may = "restores" if restores is Restores.YES else "may restore"
        writer = _open_to(repo, site)
        yield Finding(
            message=f"`{uses.action}` {may} a cache" + (f" that {writer}" if writer else ""),
            at=at,
            job=site.job,
            anchor=uses.action,
            edits=() if _hit_is_read(repo, site) else _edits(repo, site, controls),
            advice=_READ_HIT
            if _hit_is_read(repo, site)
            else "The release builds without the cache: may it take that long?",
            severity=None if writer else Severity.MEDIUM,
            because="" if writer else "nobody without write access was seen to fill it",
        )


def _restores(
    repo: Repository, site: StepSite, *, alone: bool = False
) -> tuple[Restores, tuple[Control, ...]]:
    """Whether a step restores a cache in the job where it stands, and the inputs that decide."""
    restores, controls = restores_cache(repo, site.step, alone=alone)
    if site.job is not None and not may_restore(repo, site.job):
        return Restores.NO, controls
    if restores is Restores.MAYBE and controls and _is_off(repo, site, controls):
        return Restores.NO, controls
    return restores, controls


def _open_to(repo: Repository, site: StepSite) -> str:
    """Who without write access fills the cache that a job restores, today, and where; empty
    where no path of theirs was found.
    """
    if site.job is None:
        return ""
    place = (site.job.path, site.job.id)
    for publication, paths in all_paths(repo).items():
        of_release = publication.job.path == site.job.path and publication.job.id == site.job.id
        for path in paths:
            counts = path.actor is Actor.ANYONE and path.state is not PathState.OPEN
            if not counts or path.sink is not Sink.CACHE or path.holds is Holds.ENTERPRISE_SERVER:
                continue
            if of_release or any((step.at.path, step.job) == place for step in path.steps[1:]):
                at = path.drain.at
                return f"anyone can fill, through `{at.path}`, line {at.line}"
    return ""


def _is_off(repo: Repository, site: StepSite, controls: tuple[Control, ...]) -> bool:
    """Whether expressions turn the cache off whenever a tag or release starts the job."""
    if site.job is None:
        return False
    starts = [
        start
        for route in repo.routes(site.job)
        for trigger in route.triggers
        for start in starts_of(repo, trigger)
        if start.ref is RefKind.TAG and reach(repo, route, start).runs is not False
    ]
    given = {key.lower(): text for key, text in site.step.inputs.items()}
    return bool(starts) and all(
        control.field in given
        and all(
            truth(text_value(given[control.field], start.facts)) is control.turns_off
            for start in starts
        )
        for control in controls
    )


def _hit_is_read(repo: Repository, site: StepSite) -> bool:
    """Whether a later step goes by what this one found: it would be skipped on a hit that was
    looked up and not restored.
    """
    source, name = repo.file(site.path), site.step.id
    read = re.compile(rf"steps\.{re.escape(name)}\.outputs\.cache-(?:hit|matched-key)")
    return bool(name) and source is not None and read.search(source.text) is not None


def _edits(repo: Repository, site: StepSite, controls: tuple[Control, ...]) -> tuple[Edit, ...]:
    """Turn every input off that has the step restore a cache; nothing if one resists."""
    source = repo.file(site.path)
    found: list[Edit] = []
    for control in controls if source is not None else ():
        edits = _one_off(source, site.step, control) if source is not None else ()
        if not edits:
            return ()
        found.extend(edits)
    return tuple(found)


def _one_off(source: SourceFile, step: Step, control: Control) -> tuple[Edit, ...]:
    if control.off is not None:
        return set_input(source, step, control.field, control.off)
    given = next((t for k, t in step.inputs.items() if k.lower() == control.field), None)
    lines = lines_of(source.text)
    whole = given is not None and re.fullmatch(
        rf"[ \t]*{re.escape(control.field)}:[^{{}}]*", lines[given.line - 1].rstrip("\r")
    )
    alone = len(step.inputs) == 1
    if given is None or not whole or alone or given.style in {"|", ">"}:
        return ()
    found = [delete_lines(source, given.line, given.line)]
    for key, value in step.inputs.items():
        # What the cache goes by means nothing without it.
        depends = key.lower() == f"{control.field}-dependency-path" and value.style not in {
            "|",
            ">",
        }
        if depends and re.match(rf"[ \t]*{re.escape(key)}:", lines[value.line - 1]):
            found.append(delete_lines(source, value.line, value.line))
    return tuple(found) if len(found) < len(step.inputs) else ()
