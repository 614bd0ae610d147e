"""What is called uncovered is a tag that starts the release and that no ruleset takes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from audits.analysis.environments import judged_publications
from audits.analysis.release_tags import TagStart, covers, tag_starts, uncovered
from audits.check import Example
from audits.expressions.globs import filter_takes
from audits.model.settings import TagRuleset
from tests.checks.harness import repository_of

WORKFLOW = """\
on:
  {event}:
    {filter}
jobs:
  publish:
    runs-on: ubuntu-latest
    if: {condition}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
PIECES = st.sampled_from(["v", "1", ".", "*", "**", "[0-9]", "[0-9]+", "-", "rc", "/", "lumen"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


def starts(event: str, only: str = "types: []", condition: str = "true") -> list[TagStart]:
    text = WORKFLOW.format(event=event, filter=only, condition=condition)
    repository = repository_of(Example(name="", workflow=text))
    return [s for p in judged_publications(repository) for s in tag_starts(p)]


def ruleset(*include: str, exclude: tuple[str, ...] = ()) -> TagRuleset:
    return TagRuleset(name="tags", include=include, exclude=exclude, rules=("creation",))


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_the_named_tag_proves_the_finding(trigger: str, rules: str) -> None:
    rule = ruleset(f"refs/tags/{rules}")
    for start in starts("push", f"tags: ['{trigger}']"):
        assert all(filter_takes(tag, [trigger]) for tag in start.tags)
        if tag := uncovered(start, [rule]):
            assert filter_takes(tag, [trigger])
            assert not covers(rule, tag)


@given(PATTERNS)
def test_a_ruleset_for_all_tags_covers_every_trigger(trigger: str) -> None:
    for start in starts("push", f"tags: ['{trigger}']"):
        assert uncovered(start, [ruleset("~ALL")]) == ""
        assert uncovered(start, []) in start.tags


def test_later_patterns_take_tags_out_again() -> None:
    (start,) = starts("push", "tags: ['v*', '!v1*']")
    assert start.tags == ("vnext",)
    assert uncovered(start, [ruleset("refs/tags/v[0-9]*")]) == "vnext"
    assert uncovered(start, [ruleset("refs/tags/vn*")]) == ""


def test_branches_start_nothing_by_tag() -> None:
    assert starts("push", "branches: [main]") == []
    assert starts("schedule", "- cron: '0 0 * * 1'") == []
    assert starts("workflow_dispatch", "inputs: {}") == []


def test_a_condition_narrows_the_tags() -> None:
    (start,) = starts("push", condition="startsWith(github.ref, 'refs/tags/v')")
    assert start.tags
    assert all(tag.startswith("v") for tag in start.tags)
    assert starts("push", condition="github.ref == 'refs/heads/main'") == []


def test_several_rulesets_cover_together() -> None:
    (start,) = starts("push", "tags: ['v[0-9]', 'lumen-*']")
    rules = [ruleset("refs/tags/v*"), ruleset("refs/tags/lumen-*")]
    assert uncovered(start, rules) == ""
    assert uncovered(start, rules[:1]).startswith("lumen-")


def test_what_a_ruleset_excludes_it_does_not_cover() -> None:
    (start,) = starts("release")
    assert uncovered(start, [ruleset("~ALL")]) == ""
    assert uncovered(start, [ruleset("~ALL", exclude=("refs/tags/**/*",))]) != ""
    assert uncovered(start, [ruleset("~DEFAULT_BRANCH")]) != ""
