"""What holds of every path: names that last, guards that help, settings that only narrow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.analysis.exposure.search import MOST_PATHS, exposures
from audits.model.exposure import Actor
from audits.model.settings import (
    NOT_READ,
    ActionsPolicy,
    BranchRuleset,
    EnvironmentSettings,
    RepositorySettings,
    Runner,
    TagRuleset,
    WorkflowPolicy,
)
from tests.analysis.exposure.repositories import (
    CACHE,
    OLD_CHECKOUT,
    RELEASE,
    RELEASE_FILE,
    answer,
    exposed,
    job,
    repository,
)

HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n- run: npm ci"
TITLE = "- run: echo '${{ github.event.issue.title }}'"
OPEN_AGENT = (
    "- uses: anthropics/claude-code-action@v1\n"
    "  with: {allowed_non_write_users: '*', prompt: go, claude_args: '--allowedTools Bash'}"
)
MERGE = '- run: gh pr merge --auto "$URL"'
BOT = "if: github.actor == 'dependabot[bot]'"
VULNERABLE = {
    "code": ("pull_request_target", HEAD, ""),
    "words": ("issues", TITLE, ""),
    "agent": ("issues", OPEN_AGENT, ""),
    "merge": ("pull_request_target", MERGE, BOT),
    "moving name": ("push", "- uses: acme/tidy@v1", ""),
}
KEPT = Runner(name="kept", labels=("self-hosted", "linux"), is_ephemeral=False)
THROWN_AWAY = Runner(name="once", labels=("self-hosted", "linux"), is_ephemeral=True)
REVIEWED = BranchRuleset(
    name="main", include=("~DEFAULT_BRANCH",), rules=("pull_request",), approvals=1
)
RESTRICTED = TagRuleset(name="tags", include=("refs/tags/v*",), rules=("creation",))
ONLY_PUSHES = WorkflowPolicy(name="pushes", include=("~ALL",), events=("push",))
BOTH_EVENTS = WorkflowPolicy(name="both", include=("~ALL",), events=("push", "pull_request_target"))
CASES = st.sampled_from(sorted(VULNERABLE))


def _workflow(name: str, more: str = "") -> str:
    on, steps, own = VULNERABLE[name]
    return job(on, steps, more="\n".join(filter(None, (own, more))))


def _ids(other: str, release: str = RELEASE) -> set[str]:
    return {path.id for path in exposed(other, release).paths}


@settings(deadline=None, max_examples=30)
@given(CASES, st.integers(0, 9), st.sampled_from(["act-on-it", "b", "Zzz_9"]))
def test_ids_outlast_moved_lines_and_renamed_jobs(name: str, lines: int, renamed: str) -> None:
    before = _workflow(name)
    after = "# moved\n" * lines + before.replace("\n  act:\n", f"\n  {renamed}:\n")
    release = "\n" * lines + RELEASE.replace("build", "make-it").replace("publish:\n", "upload:\n")
    assert _ids(before) == _ids(after, release)


GUARDS = st.sampled_from(
    [
        "if: github.repository == 'orchard-labs/lumen'",
        "if: github.event.pull_request.head.repo.full_name == github.repository",
        "if: github.actor == 'mira'",
        "if: github.event.issue.author_association == 'OWNER'",
        "if: github.event.sender.type == 'User'",
        "if: contains(github.event.pull_request.labels.*.name, 'safe')",
        "if: vars.ENABLED == 'true'",
        "if: github.event.action != 'closed'",
        "if: needs.ask.outputs.ok",
        "environment: review",
        "permissions: {contents: read}",
        "permissions: {}",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["code", "words", "agent", "moving name"]), GUARDS)
def test_a_guard_never_lets_less_privileged_people_in(name: str, guard: str) -> None:
    before, after = exposed(_workflow(name)), exposed(_workflow(name, guard))
    assert after.may_be.rank >= before.may_be.rank
    assert after.level.rank >= before.level.rank or after.level is Actor.UNKNOWN


FACTS = st.fixed_dictionaries(
    {
        "reviewers": st.sampled_from([0, 1, 2]),
        "prevent_self_review": st.booleans(),
        "admins_can_bypass": st.booleans(),
        "ref_patterns": st.sampled_from([(), ("branch:main",), ("branch:*",), ("tag:v*",)]),
        "custom_rules": st.sampled_from([(), ("gatekeeper",)]),
    }
)


@settings(deadline=None, max_examples=60)
@given(
    FACTS,
    st.sets(st.sampled_from(["reviewers", "prevent_self_review", "admins_can_bypass"])),
    st.sampled_from(["environment: npm", ""]),
)
def test_reading_a_setting_never_widens(
    facts: dict[str, object], hidden: set[str], more: str
) -> None:
    known = EnvironmentSettings(name="npm", **facts)  # type: ignore[arg-type]
    partly = replace(known, **dict.fromkeys(hidden, NOT_READ))
    other = _workflow("words", more)
    unread = exposed(other, settings=RepositorySettings.partial(partly))
    read = exposed(other, settings=RepositorySettings.partial(known))
    assert read.may_be.rank >= unread.may_be.rank
    assert unread.may_be.rank >= exposed(other).may_be.rank


OF_REPOSITORY = {
    "fork_approval": st.sampled_from(["first_time_contributors", "all_external_contributors"]),
    "is_public": st.booleans(),
    "runners": st.sampled_from([(), (KEPT,), (THROWN_AWAY,), (KEPT, THROWN_AWAY)]),
    "owner_runners": st.sampled_from([(), (KEPT,), (THROWN_AWAY,)]),
    "secret_names": st.sampled_from([(), ("NPM_TOKEN",), ("BOT_PAT",)]),
    "organization_secret_names": st.sampled_from([(), ("NPM_TOKEN",)]),
    "branch_rulesets": st.sampled_from([(), (REVIEWED,)]),
    "tag_rulesets": st.sampled_from([(), (RESTRICTED,)]),
    "workflow_policies": st.sampled_from([(), (ONLY_PUSHES,), (BOTH_EVENTS,)]),
    "actions": st.builds(
        ActionsPolicy,
        default_token_write=st.booleans(),
        can_approve_pull_requests=st.booleans(),
        sha_pinning_required=st.booleans(),
    ),
}
RIGHTS_UNSAID = _workflow("words").replace("permissions: {contents: write}\n", "")
SHARED = job("pull_request", "- run: make").replace("ubuntu-24.04", "[self-hosted, linux]")
OWN_RELEASE = RELEASE.replace("ubuntu-24.04", "[self-hosted, linux]", 1)


@settings(deadline=None, max_examples=100)
@given(
    st.fixed_dictionaries(OF_REPOSITORY),
    st.sets(st.sampled_from(sorted(OF_REPOSITORY)), min_size=1),
    st.sampled_from([*sorted(VULNERABLE), "unsaid rights", "shared machine"]),
)
def test_reading_a_repositorys_setting_never_widens(
    facts: dict[str, object], hidden: set[str], name: str
) -> None:
    others = {"unsaid rights": RIGHTS_UNSAID, "shared machine": SHARED}
    other = others.get(name) or _workflow(name)
    release = OWN_RELEASE if name == "shared machine" else RELEASE
    shown = {key: fact for key, fact in facts.items() if key not in hidden}
    unread = exposed(other, release, settings=RepositorySettings.partial(**shown))  # type: ignore[arg-type]
    read = exposed(other, release, settings=RepositorySettings.partial(**facts))  # type: ignore[arg-type]
    assert read.may_be.rank >= unread.may_be.rank


CUTS = [
    ("code", HEAD, HEAD.replace("pull_request.head", "pull_request.base")),
    ("words", TITLE, '- {env: {T: "${{ github.event.issue.title }}"}, run: echo "$T"}'),
    ("agent", OPEN_AGENT, OPEN_AGENT.replace("allowed_non_write_users: '*', ", "")),
    ("merge", BOT, "if: github.event.pull_request.user.login == 'dependabot[bot]'"),
    ("moving name", "acme/tidy@v1", f"acme/tidy@{'0' * 40}"),
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(CUTS), min_size=1, max_size=3, unique_by=lambda cut: cut[0]),
    st.integers(0, 4),
    st.sampled_from(["act", "go", "Zzz_9"]),
)
def test_making_the_cuts_that_are_offered_removes_the_paths(
    several: list[tuple[str, str, str]], lines: int, renamed: str
) -> None:
    def files(cut: bool) -> dict[str, str]:
        found = {}
        for name, old, new in several:
            text = "# moved\n" * lines + _workflow(name).replace("\n  act:\n", f"\n  {renamed}:\n")
            indented = [part.replace("\n", "\n      ") for part in (old, new)]
            found[f".github/workflows/{name.replace(' ', '-')}.yml"] = (
                text.replace(indented[0], indented[1]) if cut else text
            )
        return found

    before = exposures(repository({RELEASE_FILE: RELEASE, **files(cut=False)}))[0]
    assert before.cut is not None
    anyones = {path.id for path in before.paths if path.actor is before.level}
    # Each way in that makes the level has a change of its own here.
    offered = {cut.at.path for cut in before.cut.cuts}
    assert offered <= {path.entrance.at.path for path in before.paths} | {RELEASE_FILE}
    after = exposures(repository({RELEASE_FILE: RELEASE, **files(cut=True)}))[0]
    assert anyones.isdisjoint(path.id for path in after.paths)
    assert after.level.rank > before.level.rank


@pytest.mark.parametrize(("name", "old", "new"), CUTS, ids=[case[0] for case in CUTS])
def test_making_the_cut_that_is_offered_removes_the_path(name: str, old: str, new: str) -> None:
    before = _workflow(name)
    found = exposed(before)
    worst = found.paths[0]
    assert found.cut is not None
    assert found.cut.cut == worst.cuts[0]
    assert found.cut.edits == 1
    indented = [text.replace("\n", "\n      ") for text in (old, new)]
    after = exposed(before.replace(indented[0], indented[1]))
    assert worst.id not in {path.id for path in after.paths}
    assert after.level is found.cut.leaves


def test_cutting_at_the_right_of_the_token_removes_the_paths_too() -> None:
    after = exposed(_workflow("words").replace("contents: write", "contents: read"))
    assert answer(after) == "none"


def test_two_ways_in_take_two_edits_unless_one_sink_serves_both() -> None:
    both = exposed(job("issues", f"{TITLE}\n{OPEN_AGENT}"))
    assert both.cut is not None
    assert (both.cut.edits, both.cut.cut.what) == (1, "give the job no contents: write")


def test_a_cache_in_the_release_is_one_of_the_cuts() -> None:
    cached = RELEASE.replace(
        "- run: npm ci &&",
        f"- uses: {CACHE}\n        with: {{path: node_modules, key: modules}}\n      - run: npm ci &&",
    )
    found = exposed(
        job("pull_request_target", HEAD, rights="contents: read", more="cache-mode: write"), cached
    )
    assert "restore no cache in a release" in {cut.what for cut in found.paths[0].cuts}


def test_every_way_counts_however_many_publications_there_are() -> None:
    ways = "".join(f"      - uses: acme/tidy-{n}@v1\n" for n in range(90))
    head = "on: push\npermissions: {}\njobs:\n"
    one = "  j%s:\n    runs-on: ubuntu-latest\n    steps:\n%s      - run: twine upload dist/*\n        env: {TWINE_PASSWORD: '${{ secrets.KEY }}'}\n"
    text = head + one % (0, ways) + "".join(one % (n, "") for n in range(1, 120))
    found = exposures(repository({RELEASE_FILE: text}))
    assert len(found) == 120
    assert {dict(each.counts)[Actor.THIRD_PARTY] for each in found} == {90, 180}
    assert all(each.more == sum(dict(each.counts).values()) - MOST_PATHS for each in found)
