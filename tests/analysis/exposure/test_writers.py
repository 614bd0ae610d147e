"""One writer or two people: settings of environments, rules and publishers, each said why."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.analysis.exposure.search import exposures
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.exposure import Actor, Exposure
from audits.model.settings import (
    NOT_READ,
    BranchRuleset,
    BypassActor,
    EnvironmentSettings,
    RepositorySettings,
    TagRuleset,
)
from tests.analysis.exposure.repositories import RELEASE, RELEASE_FILE, repository

SAFE = EnvironmentSettings(
    name="npm",
    reviewers=1,
    prevent_self_review=True,
    admins_can_bypass=False,
    ref_patterns=("branch:main",),
)
TAGS = TagRuleset(name="tags", include=("refs/tags/v*",), rules=("creation",))
OPEN_TAGS = TagRuleset(
    name="tags",
    include=("refs/tags/v*",),
    rules=("creation",),
    bypass=(BypassActor(kind="role", name="write"),),
)
STORED = RELEASE.replace("id-token: write", "contents: read").replace(
    "npm publish *.tgz",
    "npm publish *.tgz\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}",
)
BARE = RELEASE.replace("    environment: npm\n", "")
DISPATCHED = RELEASE.replace('push: {tags: ["v*"]}', "workflow_dispatch:")
STAGED = RELEASE.replace("npm publish", "npm stage publish")


def _tags(*include: str, rules: tuple[str, ...] = ("creation",), **more: object) -> TagRuleset:
    return TagRuleset(name="tags", include=include, rules=rules, **more)  # type: ignore[arg-type]


def _branches(
    *include: str, rules: tuple[str, ...] = ("creation",), **more: object
) -> BranchRuleset:
    return BranchRuleset(name="branches", include=include, rules=rules, **more)  # type: ignore[arg-type]


def _bypass(kind: str, name: str = "") -> tuple[BypassActor, ...]:
    return (BypassActor(kind=kind, name=name),)


ANY_TAG = ("tag:v*",)
LINES = ("branch:release/*",)


def _proof(environment: str) -> PackageEvidence:
    proof = Provenance(
        kind=PublisherKind.GITHUB,
        repository="orchard-labs/lumen",
        workflow="release.yml",
        environment=environment,
    )
    release = Release(version="1.0", uploaded=None, files=1, provenance=(proof,), attested_files=1)
    return PackageEvidence(registry="npm", name="lumenkit", releases=(release,))


def _level(environment: EnvironmentSettings | None, **given: object) -> Actor:
    return _exposure(environment, **given).level  # type: ignore[arg-type]


def _exposure(
    environment: EnvironmentSettings | None,
    *,
    release: str = RELEASE,
    publisher: str | None = "npm",
    **settings: object,
) -> Exposure:
    known = (environment,) if environment is not None else ()
    given = RepositorySettings.partial(*known, **settings)  # type: ignore[arg-type]
    repo = repository({RELEASE_FILE: release}, settings=given)
    if publisher is not None:
        repo = replace(repo, index={("npm", "lumenkit"): _proof(publisher)})
    return exposures(repo)[0]


TWO, ONE, UNKNOWN = Actor.TWO_PEOPLE, Actor.ONE_WRITER, Actor.UNKNOWN
CASES = [
    ("a reviewer who is not the author, no bypass, one branch, bound", TWO, SAFE, {}),
    ("nobody reviews", ONE, replace(SAFE, reviewers=0), {}),
    ("the author may approve", ONE, replace(SAFE, prevent_self_review=False), {}),
    ("administrators may bypass", ONE, replace(SAFE, admins_can_bypass=True), {}),
    ("any branch may ask", ONE, replace(SAFE, ref_patterns=()), {}),
    ("branches of any name may ask", ONE, replace(SAFE, ref_patterns=("branch:**",)), {}),
    ("protected branches may ask", TWO, replace(SAFE, ref_patterns=("protected branches",)), {}),
    ("a wait alone", ONE, replace(SAFE, reviewers=0, wait_minutes=30), {}),
    ("reviewers were not seen", UNKNOWN, replace(SAFE, reviewers=NOT_READ), {}),
    ("self-review was not seen", UNKNOWN, replace(SAFE, prevent_self_review=NOT_READ), {}),
    ("bypass was not seen", UNKNOWN, replace(SAFE, admins_can_bypass=NOT_READ), {}),
    ("which refs may ask was not seen", UNKNOWN, replace(SAFE, ref_patterns=NOT_READ), {}),
    (
        "nobody reviews, the rest not seen",
        ONE,
        replace(SAFE, reviewers=0, ref_patterns=NOT_READ),
        {},
    ),
    ("the environment is not there", ONE, None, {}),
    (
        "tags, which every writer makes",
        ONE,
        replace(SAFE, ref_patterns=("tag:v*",)),
        {"tag_rulesets": ()},
    ),
    (
        "tags, which a ruleset keeps",
        TWO,
        replace(SAFE, ref_patterns=("tag:v*",)),
        {"tag_rulesets": (TAGS,)},
    ),
    (
        "tags, and writers may bypass that",
        ONE,
        replace(SAFE, ref_patterns=("tag:v*",)),
        {"tag_rulesets": (OPEN_TAGS,)},
    ),
    (
        "tags, whose rules were not seen",
        UNKNOWN,
        replace(SAFE, ref_patterns=("tag:v*",)),
        {"tag_rulesets": NOT_READ},
    ),
    ("the publisher names no environment", ONE, SAFE, {"publisher": ""}),
    ("the publisher names another one", ONE, SAFE, {"publisher": "staging"}),
    ("the publisher was not seen", UNKNOWN, SAFE, {"publisher": None}),
    ("no environment", ONE, SAFE, {"release": BARE}),
    (
        "a secret of the environment only",
        TWO,
        SAFE,
        {"release": STORED, "secret_names": (), "organization_secret_names": ()},
    ),
    (
        "a secret of the repository too",
        ONE,
        SAFE,
        {"release": STORED, "secret_names": ("NPM_TOKEN",), "organization_secret_names": ()},
    ),
    (
        "a secret of the organization too",
        ONE,
        SAFE,
        {"release": STORED, "secret_names": (), "organization_secret_names": ("NPM_TOKEN",)},
    ),
    ("where the secret is was not seen", UNKNOWN, SAFE, {"release": STORED}),
    (
        "tags may not be deleted, and anybody makes them",
        ONE,
        replace(SAFE, ref_patterns=ANY_TAG),
        {"tag_rulesets": (_tags("~ALL", rules=("deletion", "update")),)},
    ),
    (
        "a ruleset on all tags",
        TWO,
        replace(SAFE, ref_patterns=ANY_TAG),
        {"tag_rulesets": (_tags("~ALL"),)},
    ),
    (
        "the environment lets in more tags than the ruleset keeps",
        ONE,
        replace(SAFE, ref_patterns=("tag:v*", "tag:nightly-*")),
        {"tag_rulesets": (_tags("refs/tags/v*"),)},
    ),
    (
        "two rulesets keep them together",
        TWO,
        replace(SAFE, ref_patterns=("tag:v*", "tag:nightly-*")),
        {"tag_rulesets": (_tags("refs/tags/v*"), _tags("refs/tags/nightly-*"))},
    ),
    (
        "some tags are left out of the ruleset",
        ONE,
        replace(SAFE, ref_patterns=ANY_TAG),
        {"tag_rulesets": (_tags("~ALL", exclude=("refs/tags/v*",)),)},
    ),
    (
        "administrators and an app may make tags",
        TWO,
        replace(SAFE, ref_patterns=ANY_TAG),
        {
            "tag_rulesets": (
                _tags("~ALL", bypass=(*_bypass("app", "ship"), *_bypass("administrators"))),
            )
        },
    ),
    (
        "who may make tags all the same was not seen",
        UNKNOWN,
        replace(SAFE, ref_patterns=ANY_TAG),
        {"tag_rulesets": (_tags("~ALL", bypass=NOT_READ),)},
    ),
    (
        "a tag of another ruleset's that writers may bypass",
        TWO,
        replace(SAFE, ref_patterns=ANY_TAG),
        {"tag_rulesets": (_tags("~ALL", bypass=_bypass("role", "write")), _tags("refs/tags/v*"))},
    ),
    (
        "a dispatch, and tags that a ruleset keeps",
        TWO,
        replace(SAFE, ref_patterns=("branch:main", "tag:v*")),
        {"release": DISPATCHED, "tag_rulesets": (_tags("refs/tags/v*"),)},
    ),
    (
        "branches of a pattern, which every writer makes",
        ONE,
        replace(SAFE, ref_patterns=LINES),
        {"branch_rulesets": ()},
    ),
    (
        "a ruleset asks for reviews there, and lets everybody make them",
        ONE,
        replace(SAFE, ref_patterns=LINES),
        {"branch_rulesets": (_branches("refs/heads/release/*", rules=("pull_request",)),)},
    ),
    (
        "a ruleset says who makes them",
        TWO,
        replace(SAFE, ref_patterns=LINES),
        {"branch_rulesets": (_branches("refs/heads/release/**/*"),)},
    ),
    ("whether one does was not seen", UNKNOWN, replace(SAFE, ref_patterns=LINES), {}),
    (
        "a ruleset on the default branch alone",
        ONE,
        replace(SAFE, ref_patterns=LINES),
        {"branch_rulesets": (_branches("~DEFAULT_BRANCH"),)},
    ),
    ("one branch beside them", TWO, replace(SAFE, ref_patterns=("branch:main", "branch:next")), {}),
    (
        "releases are staged, in whatever environment",
        UNKNOWN,
        replace(SAFE, reviewers=0),
        {"release": STAGED},
    ),
    ("they are staged where two are asked anyway", TWO, SAFE, {"release": STAGED}),
]


@pytest.mark.parametrize(
    ("level", "environment", "more"),
    [pytest.param(level, environment, more, id=name) for name, level, environment, more in CASES],
)
def test_settings_decide(
    level: Actor, environment: EnvironmentSettings | None, more: dict[str, object]
) -> None:
    assert _level(environment, **more) is level


IMAGE = """\
on: {push: {tags: ["v*"]}}
permissions: {}
jobs:
  image:
    runs-on: ubuntu-24.04
    environment: images
    permissions: {packages: write}
    steps:
      - run: echo "$T" | docker login ghcr.io -u me --password-stdin
        env: {T: "${{ github.token }}"}
      - run: docker push ghcr.io/orchard-labs/lumen:1
"""


def test_no_environment_is_offered_where_the_built_in_token_publishes() -> None:
    (found,) = exposures(repository({RELEASE_FILE: IMAGE}))
    assert found.level is ONE
    assert found.cut is None or found.cut.leaves is not TWO
    assert not any("environment" in cut.what for path in found.paths for cut in path.cuts)


def test_an_environment_whose_name_is_always_empty_is_none() -> None:
    empty = RELEASE.replace("environment: npm", "environment: ${{ inputs.env }}")
    (found,) = exposures(repository({RELEASE_FILE: empty}))
    (bare,) = exposures(repository({RELEASE_FILE: BARE}))
    assert found.cut is not None
    assert bare.cut is not None
    assert (found.level, found.cut.cut.what) == (bare.level, bare.cut.cut.what)


def test_a_stored_secret_is_offered_an_environment_whatever_the_registry() -> None:
    """The registry need not know of it: GitHub gives the secret to approved jobs only."""
    push = STORED.replace("npm publish *.tgz", "docker push registry.example/orchard/lumen")
    push = push.replace("NODE_AUTH_TOKEN", "DOCKER_PASSWORD").replace("    environment: npm\n", "")
    found = exposures(repository({RELEASE_FILE: push}))
    exposure = next(each for each in found if each.registry == "container")
    assert exposure.level is Actor.ONE_WRITER
    assert exposure.cut is not None
    assert exposure.cut.cut.what.startswith("keep NPM_TOKEN in an environment")
    assert exposure.cut.leaves is Actor.TWO_PEOPLE


BOUND = "name {} in the registry's publisher"
SENTENCES = [
    ({"reviewers": 0}, {}, "require a reviewer in environment npm"),
    (
        {"reviewers": 0, "prevent_self_review": False, "admins_can_bypass": True},
        {},
        "require a reviewer, prevent self-review and let no administrator bypass the rules"
        " in environment npm",
    ),
    (
        {"reviewers": 0, "ref_patterns": ()},
        {"publisher": ""},
        f"require a reviewer and limit the branches and tags in environment npm, and {BOUND.format('it')}",
    ),
    (
        {"ref_patterns": ANY_TAG},
        {"publisher": "", "tag_rulesets": ()},
        f"restrict by a ruleset who may create release tags, and {BOUND.format('environment npm')}",
    ),
]


@pytest.mark.parametrize(("changes", "given", "said"), SENTENCES)
def test_a_change_of_several_settings_names_the_environment_once(
    changes: dict[str, object], given: dict[str, object], said: str
) -> None:
    exposure = _exposure(replace(SAFE, **changes), **given)  # type: ignore[arg-type]
    assert exposure.cut is not None
    assert exposure.cut.cut.what == said
