"""Who may create the tags that start a release, and which refs an environment lets in: from
GitHub's answers to the checks' verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audits.model.score import Audit
from audits.model.settings import BypassActor, TagRuleset, Unseen
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    AgingMemory,
    collector_of,
    connect,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Repo, Ruleset, Token
from tests.scoring.test_score import LESSON

BY_TAG = LESSON.replace(
    "  release:\n    types:\n      - published\n", "  push:\n    tags: ['v*']\n"
)
TAGS = "unprotected-release-tags"
WRITERS = {"repositoryRoleName": "write"}
CREATION = ("CREATION", "DELETION", "UPDATE")


def audited(
    *rulesets: Ruleset, environment: Environment | None = None, tier: int = 3, role: str = "ADMIN"
) -> Audit:
    """The audit of a repository whose release a tag starts, with these settings on GitHub."""
    files: dict[str, Content] = {".github/workflows/release.yml": BY_TAG}
    repo = Repo("lumen", files, rulesets=list(rulesets))
    repo.environments = [environment or Environment("pypi", reviewers=1)]
    with github_with(world_of(repo), tier=tier, role=role) as github:
        collector = collector_of(connect(github))
        read = collector.with_settings(snapshots(collector)["lumen"], ("pypi",))
    return audit(read_repository(read, channel=INDEX.channel_of), Rules(index=INDEX))


def verdict(found: Audit, check: str) -> tuple[str, str]:
    result = next(r for r in found.results if r.check == check)
    messages = [f.finding.message for f in result.findings]
    return result.outcome.value, messages[0] if messages else ""


def tag_rules() -> Iterator[tuple[str, Ruleset, str, str]]:
    """Rulesets: the outcome, and what the message says."""
    yield "creation", Ruleset("r", rules=CREATION), "pass", ""
    yield "creation alone", Ruleset("r", rules=("CREATION",)), "pass", ""
    for rule in ("DELETION", "UPDATE", "NON_FAST_FORWARD", "REQUIRED_SIGNATURES"):
        yield rule, Ruleset("r", rules=(rule,)), "fail", "`r` does not restrict its creation"
    yield "off", Ruleset("r", rules=CREATION, enforcement="DISABLED"), "fail", "no ruleset covers"
    yield "trial", Ruleset("r", rules=CREATION, enforcement="EVALUATE"), "fail", "no ruleset"
    yield "branches", Ruleset("r", rules=CREATION, target="BRANCH"), "fail", "no ruleset"
    hole = Ruleset("r", rules=CREATION, exclude=("refs/tags/v*",))
    yield "excluded", hole, "fail", "no ruleset"
    for name, actor, outcome in (
        ("writers", WRITERS, "fail"),
        ("readers", {"repositoryRoleName": "read"}, "fail"),
        ("maintainers", {"repositoryRoleName": "maintain"}, "pass"),
        ("own role", {"repositoryRoleName": "release-crew"}, "pass"),
        ("pull requests", {**WRITERS, "bypassMode": "PULL_REQUEST"}, "pass"),
        ("administrators", {"organizationAdmin": True}, "pass"),
        ("deploy keys", {"deployKey": True}, "pass"),
        ("team", {"actor": {"typename": "Team", "id": "T", "slug": "crew"}}, "pass"),
        ("app", {"actor": {"typename": "App", "id": "A", "slug": "bot"}}, "pass"),
    ):
        said = "everyone with write access may bypass the ruleset `r`" if outcome == "fail" else ""
        yield f"bypass: {name}", Ruleset("r", rules=CREATION, bypass=(actor,)), outcome, said


RULES = {name: rest for name, *rest in tag_rules()}


@pytest.mark.parametrize(("ruleset", "outcome", "said"), RULES.values(), ids=RULES)
def test_only_a_rule_on_creation_keeps_writers_from_releasing(
    ruleset: Ruleset, outcome: str, said: str
) -> None:
    found, message = verdict(audited(ruleset), TAGS)
    assert found == outcome
    assert said in message


def test_one_ruleset_that_holds_is_enough() -> None:
    open_one = Ruleset("open", rules=CREATION, bypass=(WRITERS,))
    assert verdict(audited(open_one, Ruleset("held", rules=("CREATION",))), TAGS)[0] == "pass"


@pytest.mark.parametrize(("tier", "role"), [(1, "ADMIN"), (3, "WRITE"), (3, "MAINTAIN")])
def test_who_may_bypass_is_unknown_where_it_is_not_shown(tier: int, role: str) -> None:
    ruleset = Ruleset("r", rules=CREATION, bypass=(WRITERS,))
    found = audited(ruleset, tier=tier, role=role)
    assert verdict(found, TAGS)[0] == "unknown"
    settings = found.repository.settings
    assert not isinstance(settings, Unseen)
    assert not isinstance(settings.tag_rulesets, Unseen)
    (read,) = settings.tag_rulesets
    assert isinstance(read.bypass, Unseen)
    assert read.bypass.permission == "Administration: read"
    # what nobody may bypass, as it guards nothing, needs no administrator to be judged
    assert (
        verdict(audited(Ruleset("r", rules=("UPDATE",)), tier=tier, role=role), TAGS)[0] == "fail"
    )


def test_what_one_credential_is_not_shown_is_asked_again_by_another() -> None:
    files: dict[str, Content] = {".github/workflows/release.yml": BY_TAG}
    ruleset = Ruleset("r", rules=CREATION, bypass=(WRITERS,))
    world = world_of(Repo("lumen", files, rulesets=[ruleset]))
    memory = AgingMemory()
    seen: list[TagRuleset] = []
    with LoopbackGitHub(world, Token("first", tier=1), Token("second", tier=3)) as github:
        for token in ("first", "second"):
            collector = collector_of(connect(github, token=token), memory)
            read = collector.with_settings(snapshots(collector)["lumen"], ())
            assert read.settings is not None
            assert not isinstance(read.settings.tag_rulesets, Unseen)
            seen += read.settings.tag_rulesets
    assert isinstance(seen[0].bypass, Unseen)
    assert seen[1].bypass == (BypassActor(kind="role", name="write"),)


def environments() -> Iterator[tuple[str, Environment, str, str, str]]:
    """Environments: both checks' outcomes, and what the finding says."""
    bare, wide = "unprotected-environment", "environment-open-to-any-ref"
    for pattern in ("*", "**", "**/*", "*/*", "***"):
        one = Environment("pypi", policy="custom", patterns=(f"branch:{pattern}",))
        yield f"branch {pattern}", one, bare, "fail", "so that a release by tag is refused"
        reviewed = Environment("pypi", 1, policy="custom", patterns=(f"branch:{pattern}",))
        yield f"reviewed {pattern}", reviewed, wide, "fail", "a release by tag is refused"
        tags = Environment("pypi", policy="custom", patterns=(f"tag:{pattern}",))
        yield f"tag {pattern}", tags, bare, "fail", "lets every tag in"
    both = Environment("pypi", 1, policy="custom", patterns=("branch:*", "tag:*"))
    yield "both", both, wide, "fail", "lets every branch and tag in"
    some = Environment("pypi", 1, policy="custom", patterns=("branch:*", "tag:v*"))
    yield "every branch, some tags", some, wide, "fail", "lets every branch in"
    for patterns in (("tag:v*",), ("branch:main",), ("branch:release/*",)):
        named = Environment("pypi", policy="custom", patterns=patterns)
        yield f"named {patterns}", named, bare, "pass", ""
    gate = Environment("pypi", policy="custom", patterns=("branch:*",), custom_rules=("gate",))
    yield "an app approves", gate, bare, "pass", ""
    none = Environment("pypi", policy="custom")
    yield "no ref at all", none, bare, "pass", ""


ENVIRONMENTS = {name: rest for name, *rest in environments()}


@pytest.mark.parametrize(
    ("environment", "check", "outcome", "said"), ENVIRONMENTS.values(), ids=ENVIRONMENTS
)
def test_a_policy_that_lets_everything_in_protects_nothing(
    environment: Environment, check: str, outcome: str, said: str
) -> None:
    found, message = verdict(audited(Ruleset("r"), environment=environment), check)
    assert found == outcome
    assert said in message
