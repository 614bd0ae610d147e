"""The registry, or its client, refuses this release.

The workflow looks right, and its upload fails all the same.

## Why it matters

What a registry refuses is found out on the day of the release, in a hurry, which is when people
go back to a stored token. Each rule here is a fact with a date and a source, and counts only
for audits that stand for a day on which it holds:

- **the event**: some registries give no credential to runs that `pull_request_target` or
  `workflow_run` started, since outsiders can set those off;
- **the client**: an action or program that is older than the first version that exchanges an
  identity uploads without any credential. npm needs 11.5.1, which comes with Node.js 24.5;
- **the runner**: npm takes no identity of a self-hosted runner;
- **two attested uploads in one job**: `pypa/gh-action-pypi-publish` leaves its attestations
  beside the files, and the second upload in the job stops at them;
- **an action inside a composite action**: `pypa/gh-action-pypi-publish` does not work there;
- **`repository.url`** of `package.json` must name the repository that npm's provenance names;
- **tokens that have ended**: the registry announced the day on which they stop working.

A called workflow that the registry cannot match is `unsupported-publisher-workflow`.

## How to fix

Publish from a workflow that a release or a tag starts, on a runner of GitHub's, with a newer
version of the action or program: `npm install -g npm@latest` before `npm publish`, or
`node-version: 24`. Publish to a test index from a job of its own. Use the action in the
workflow, not in a composite action.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import combinations

from msgspec.structs import replace

from audits.analysis.client_versions import client_of
from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.events import Start, starts_of
from audits.analysis.runners import labels_of
from audits.analysis.trusted_publishers import trusted_publications
from audits.checks.api import (
    OPENSSF_TRUSTED_PUBLISHERS,
    PYPA_PUBLISH_ACTION,
    PYPI_ACTION_NOT_NESTED,
    Area,
    Auth,
    Clean,
    Example,
    Finding,
    Location,
    Outcome,
    Publication,
    PublisherRule,
    Registry,
    Repository,
    Route,
    Severity,
    Trigger,
    Verdict,
    check,
)

_ACTION = "pypa/gh-action-pypi-publish"
_NESTED_SINCE = "1.12.0"
_JOB = """\
on: %s
jobs:
  publish:
    runs-on: %s
    environment: release
    permissions: {id-token: write}
    steps:
"""
_RELEASE = _JOB % ("{release: {types: [published]}}", "ubuntu-latest")
_NEW = (
    "      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2\n"
)
_OLD = (
    "      - uses: pypa/gh-action-pypi-publish@27b31702a0e7fc50959f5ad993c78deac1bdfc29 # v1.4.2\n"
)
_TEST_INDEX = "        with:\n          repository-url: https://test.pypi.example/legacy/\n"
_NODE = "      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0\n"
_WITH_NODE = _NODE + "        with: {node-version: %s}\n"
_NPM = "      - run: npm publish%s\n"
_CARGO = """\
      - uses: rust-lang/crates-io-auth-action@e919bc7605cde86df457cf5b93c5e103838bd879 # v1.0.1
        id: auth
      - run: cargo publish
        env: {CARGO_REGISTRY_TOKEN: '${{ steps.auth.outputs.token }}'}
"""
_AFTER = "{workflow_run: {workflows: [Tests], types: [completed]}}"
_NESTED = "runs:\n  using: composite\n  steps:\n" + _NEW.replace("      -", "    -")
_TOKEN = "      - run: npm publish\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}%s\n"


def _package(url: str = "") -> dict[str, str]:
    made: dict[str, object] = {"name": "lumen", "version": "1.0.0"}
    return {"package.json": json.dumps(made | ({"repository": {"url": url}} if url else {}))}


_OWN_URL = "git+https://github.com/orchard-labs/lumen.git"


def _npm(name: str, steps: str, *, runner: str = "ubuntu-latest", url: str = _OWN_URL) -> Example:
    workflow = _JOB % ("{release: {types: [published]}}", runner) + steps
    return Example(name=name, workflow=workflow, files=_package(url))


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    links=(OPENSSF_TRUSTED_PUBLISHERS, PYPA_PUBLISH_ACTION),
    examples=(
        Example(
            name="an event that the registry refuses",
            workflow=_JOB % (f"{_AFTER}  # !", "ubuntu-latest") + _CARGO,
        ),
        Example(
            name="the same event, from which outsiders are kept",
            workflow=(_JOB % (f"{_AFTER}  # !", "ubuntu-latest")).replace(
                "    runs-on", "    if: github.event.workflow_run.event == 'push'\n    runs-on"
            )
            + _CARGO,
        ),
        Example(
            name="the same event, which PyPI takes",
            workflow=_JOB % (_AFTER, "ubuntu-latest") + _NEW,
        ),
        Example(
            name="an event that does not reach the upload",
            workflow=(_JOB % ("[push, pull_request_target]", "ubuntu-latest")).replace(
                "    runs-on", "    if: github.event_name == 'push'\n    runs-on"
            )
            + _NEW,
        ),
        Example(
            name="an event that PyPI refuses",
            workflow=_JOB % ("[pull_request_target]  # !", "ubuntu-latest") + _NEW,
        ),
        Example(
            name="before PyPI refused it",
            workflow=_JOB % ("[pull_request_target]", "ubuntu-latest") + _NEW,
            as_of=date(2025, 9, 1),
        ),
        Example(name="an old action", workflow=_RELEASE + _OLD.replace("\n", "  # !\n")),
        _npm("an old Node.js", (_WITH_NODE % "20").replace("20}", "20}  # !") + _NPM % ""),
        _npm("a new Node.js", _WITH_NODE % "24" + _NPM % ""),
        _npm(
            "an old npm under a new Node.js",
            _WITH_NODE % "24" + "      - run: npm install -g npm@10  # !\n" + _NPM % "",
        ),
        _npm(
            "a new npm under an older Node.js",
            _WITH_NODE % "22" + "      - run: npm install -g npm@latest\n" + _NPM % "",
        ),
        _npm("an unknown version", _NODE + _NPM % ""),
        _npm(
            "a self-hosted runner", _WITH_NODE % "24" + _NPM % "", runner="[self-hosted, x64]  # !"
        ),
        _npm("no repository", _WITH_NODE % "24" + _NPM % "  # !", url=""),
        _npm("another repository", _WITH_NODE % "24" + _NPM % "  # !", url="github:birch/lumen"),
        _npm("a short name", _WITH_NODE % "24" + _NPM % "", url="github:Orchard-Labs/lumen"),
        Example(
            name="two attested uploads",
            workflow=_RELEASE + _NEW + _TEST_INDEX + _NEW.replace("\n", "  # !\n"),
        ),
        Example(
            name="one or the other",
            workflow=_RELEASE
            + _NEW
            + "        if: github.ref_type != 'tag'\n"
            + _NEW
            + "        if: github.ref_type == 'tag'\n",
        ),
        Example(
            name="two files, each with its own attestations",
            workflow=_RELEASE
            + _NEW
            + "        with: {packages-dir: one}\n"
            + _NEW
            + "        with: {packages-dir: two}\n",
        ),
        Example(
            name="inside a composite action",
            workflow=_RELEASE + "      - uses: ./.github/actions/upload\n",
            files={
                ".github/actions/upload/action.yml": _NESTED.replace("v1.14.2\n", "v1.14.2  # !\n")
            },
        ),
        Example(
            name="a token that has ended",
            workflow=_RELEASE + _TOKEN % "  # !",
            files=_package(),
            as_of=date(2027, 1, 1),
        ),
        Example(
            name="a token that ends tomorrow",
            workflow=_RELEASE + _TOKEN % "",
            files=_package(),
            as_of=date(2026, 12, 31),
        ),
        Example(
            name="Enterprise Server",
            workflow=_RELEASE + _OLD,
            host="github.orchard.example",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def refused_by_registry(repo: Repository) -> Iterator[Verdict]:
    """Hold each production upload against the rules of its registry."""
    attested_twice = dict(_attested_twice(repo))
    for publication in trusted_publications(repo):
        found = [*_ended_token(repo, publication)]
        if _is_by_identity(publication):
            found += _refused_events(repo, publication)
            found += _old_clients(repo, publication)
            found += _own_runner(publication)
            found += _nested(repo, publication)
            found += _other_repository(repo, publication)
        if publication in attested_twice:
            found.append(attested_twice[publication])
        yield from found or (
            Clean(at=publication.at, job=publication.job, publication=publication),
        )


def _is_by_identity(publication: Publication) -> bool:
    """Whether nothing but an identity can let the upload in."""
    if publication.stored_credentials or publication.is_opaque:
        return False
    return publication.auth is Auth.OIDC or (publication.auth is Auth.NONE and publication.id_token)


def _finding(
    publication: Publication, message: str, at: Location, anchor: str, because: str = ""
) -> Finding:
    return Finding(
        message=message,
        at=at,
        job=publication.job,
        publication=publication,
        anchor=anchor,
        because=because,
    )


def _ended_token(repo: Repository, publication: Publication) -> Iterator[Finding]:
    end = publication.info.token_end
    stored = publication.stored_credentials
    if not stored or end is None or repo.as_of < end.on or _stages(publication):
        return
    when = f"about {end.on:%Y-%m}" if end.approximate else end.on.isoformat()
    yield _finding(
        publication,
        f"{publication.info.label} said that since {when} {end.what}",
        stored[0].at,
        "token ended",
    )


def _stages(publication: Publication) -> bool:
    return "stage" in publication.mechanism.split()


def _refused_events(repo: Repository, publication: Publication) -> Iterator[Finding]:
    trusted = publication.info.trusted
    if trusted is None:
        return
    refused = {each.event for each in trusted.events.refuses if repo.as_of >= each.since}
    seen: set[str] = set()
    for route in publication.routes:
        for trigger in route.triggers:
            event = trigger.event
            unknown = bool(trusted.events.accepts) and event not in trusted.events.accepts
            if event in seen or event == "workflow_call" or not (event in refused or unknown):
                continue
            if _comes_through(repo, publication, route, trigger):
                seen.add(event)
                yield _refused(publication, trigger)


def _comes_through(
    repo: Repository, publication: Publication, route: Route, trigger: Trigger
) -> bool:
    """Whether some run of an event, whoever starts it, may reach the upload."""
    steps = publishing_steps(publication)
    return any(
        reach(repo, route, _by_anybody(start), steps).runs is not False
        for start in starts_of(repo, trigger)
    )


def _by_anybody(start: Start) -> Start:
    """The run whoever starts it: what is known is its event and the kind of its ref."""
    kept = {"github.event_name", "github.ref_type"}
    facts = {name: value for name, value in start.facts.items() if name in kept}
    return replace(start, what=f"{start.what} of anybody", facts=facts)


def _refused(publication: Publication, trigger: Trigger) -> Finding:
    return _finding(
        publication,
        f"{publication.info.label} gives no credential to a run that `{trigger.event}` started, "
        f"so `{publication.mechanism}` fails",
        trigger.at,
        f"event {trigger.event}",
    )


def _old_clients(repo: Repository, publication: Publication) -> Iterator[Finding]:
    trusted = publication.info.trusted
    if trusted is None:
        return
    wanted = trusted.stage_clients if _stages(publication) else trusted.clients
    for client in wanted:
        if not _is_client(publication, client.name):
            continue
        used = client_of(repo, publication, client.name)
        if used is not None and used.is_before(client.version):
            what = "stages releases" if _stages(publication) else "uploads by identity"
            yield _finding(
                publication,
                f"`{client.name}` {what} from {client.version} on, and this is older",
                used.at,
                f"client {client.name}",
            )
            return


def _is_client(publication: Publication, name: str) -> bool:
    """Whether an upload is made by a program or action of the registry's list."""
    if "/" in name:
        return True
    words = publication.mechanism.split()
    return name in words or (name == "node" and words[:1] == ["npm"])


def _own_runner(publication: Publication) -> Iterator[Finding]:
    trusted = publication.info.trusted
    if trusted is None or PublisherRule.HOSTED_RUNNERS_ONLY not in trusted.rules:
        return
    for label in labels_of(publication.job):
        if label.text.lower() == "self-hosted":
            yield _finding(
                publication,
                f"{publication.info.label} takes no identity of a self-hosted runner, so "
                f"`{publication.mechanism}` fails",
                label.scalar.location(publication.job.path),
                "self-hosted",
            )
            return


def _nested(repo: Repository, publication: Publication) -> Iterator[Finding]:
    inside = any(publication.at.path == action.path for action in repo.actions)
    if not inside or publication.action is None or publication.action.action != _ACTION:
        return
    used = client_of(repo, publication, _ACTION)
    if not repo.holds(PYPI_ACTION_NOT_NESTED) or (used and used.is_before(_NESTED_SINCE)):
        return
    yield _finding(
        publication,
        f"`{_ACTION}` fails inside a composite action: use it in the workflow itself",
        publication.at,
        "composite",
    )


def _attested_twice(repo: Repository) -> Iterator[tuple[Publication, Finding]]:
    """The second upload of a pair in one job that both leave attestations beside the files."""
    attested = [
        p
        for p in repo.publications
        if p.action is not None and p.action.action == _ACTION
        if p.attests is not False and _is_by_identity(p) and p.auth is Auth.OIDC
    ]
    for first, second in combinations(attested, 2):
        if first.job is second.job and _same_files(first, second) and _both_run(first, second):
            concerned = second if second.is_scored else first
            yield (
                concerned,
                _finding(
                    concerned,
                    f"`{_ACTION}` runs twice over the same files in this job: the second upload stops "
                    "at the attestations that the first one left; give it a job of its own",
                    second.at,
                    "attested twice",
                ),
            )


def _same_files(first: Publication, second: Publication) -> bool:
    folders = []
    for publication in (first, second):
        step = publication.source_step
        given = step.input("packages-dir", "packages_dir") if step else None
        folders.append(given.value.rstrip("/") if given else "dist")
    return folders[0] == folders[1]


def _both_run(first: Publication, second: Publication) -> bool:
    """Whether one run reaches both steps, as far as their conditions show."""
    texts = [
        p.source_step.condition.text.value.strip()
        if p.source_step is not None and p.source_step.condition is not None
        else ""
        for p in (first, second)
    ]
    return "failure()" not in texts[1] and ("" in texts or texts[0] == texts[1])


def _other_repository(repo: Repository, publication: Publication) -> Iterator[Finding]:
    """What npm's provenance would find wrong with ``repository.url`` of ``package.json``."""
    file = repo.file("package.json")
    if publication.registry is not Registry.NPM or publication.auth is not Auth.OIDC or not file:
        return
    try:
        data = json.loads(file.text)
    except (ValueError, RecursionError):
        return
    if not isinstance(data, dict) or data.get("name") not in publication.packages:
        return
    config = data.get("publishConfig")
    if isinstance(config, dict) and config.get("provenance") is False:
        return
    named = _repository_of(data.get("repository"))
    own = str(repo.ref).lower()
    if named == own or (named and not repo.ref.is_known):
        return
    said = f"names `{named}`" if named else "does not say"
    yield _finding(
        publication,
        f"npm's provenance needs `repository.url` of package.json to name this repository; it {said}",
        publication.at,
        "repository.url",
        "npm makes provenance for public repositories",
    )


def _repository_of(given: object) -> str:
    """``owner/name`` in lower case of a package's ``repository``, "" where there is none."""
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str):
        return ""
    path = url.strip().lower().removesuffix("/").removesuffix(".git")
    parts = path.replace(":", "/").split("#")[0].split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 and all(parts[-2:]) else ""
