"""``release-audit fix --pull-request``, from the audit to what GitHub holds afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from audits.pull_requests import writer
from tests.cli.github_world import OWNER, TOKEN_RELEASE, package, small_world
from tests.cli.runner import Ran, release_audit
from tests.collect.github.git_objects import peel
from tests.collect.github.scanning import TOKEN
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Repo, Token, World
from tests.collect.index.server import PackageIndexServer, serving
from tests.patience import PATIENCE

WRITING = "github_pat_writes0secret"
ALL = frozenset({"contents", "pull_requests", "workflows"})
SAFE = "refs/heads/release-audit/safe"
WRITES = ("POST", "DELETE")


@dataclass
class Desk:
    github: LoopbackGitHub
    index: PackageIndexServer
    folder: Path

    def words(self, *words: str) -> list[str]:
        return [
            *("fix", *words, "--pull-request", "--no-engine", "--api-url", self.github.url),
            *("--host", "github.com", "--index-url", self.index.simple),
            *("--journal", str(self.folder / "journal.jsonl")),
        ]

    def environment(self, **more: str) -> dict[str, str]:
        cache = str(self.folder / "cache")
        given = {"RELEASE_AUDIT_TOKEN": TOKEN, "RELEASE_AUDIT_WRITE_TOKEN": WRITING}
        return {"XDG_CACHE_HOME": cache, **given, **more}

    def fix(self, *words: str, **environment: str) -> Ran:
        return release_audit(*self.words(*words), **self.environment(**environment))

    def repo(self, name: str) -> Repo:
        found = self.github.world.repo(OWNER, name)
        assert found is not None
        return found

    def sent(self) -> list[str]:
        """The requests that wrote."""
        rest = [seen for seen in self.github.log if seen.kind == "rest" and seen.verb in WRITES]
        return [f"{seen.verb} {seen.path}" for seen in rest]


@pytest.fixture(autouse=True)
def _writes_close_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause between writes is the writer's own business, and tested with it."""
    monkeypatch.setattr(writer, "SPACING", 0.01)


def desk_of(world: World, folder: Path) -> Iterator[Desk]:
    tokens = (Token(TOKEN), Token(WRITING, writes=ALL))
    with LoopbackGitHub(world, *tokens) as github, serving() as index:
        yield Desk(github, index, folder)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield from desk_of(small_world(), tmp_path)


def test_commits_bear_the_projects_own_prefix_and_a_sign_off(desk: Desk) -> None:
    signer = "Release bot <bot@orchard.example>"
    words = (f"{OWNER}/tidepool", "--write", "--message-prefix", "chore(ci):", "--sign-off", signer)
    assert desk.fix(*words).code == 0
    message = peel(desk.repo("tidepool").refs[SAFE]).message
    assert message.startswith("chore(ci): ")
    assert message.endswith(f"\nSigned-off-by: {signer}")
    for wrong in (
        ("--sign-off", "Ada"),
        ("--sign-off", "Ada\u2028Signed-off-by: B <b@orchard.example>"),
        ("--sign-off", "Ada <\x1b[2Jada@orchard.example>"),
        ("--message-prefix", "a\nb"),
        ("--message-prefix", "x" * 99),
    ):
        ran = desk.fix(f"{OWNER}/moss", *wrong)
        assert (ran.code, wrong[0] in ran.err) == (2, True)


def test_it_lists_first_and_sends_nothing(desk: Desk) -> None:
    ran = desk.fix(f"{OWNER}/tidepool")
    assert ran.code == 1, ran.err
    assert f"{OWNER}/tidepool  release-audit/safe" in ran.out
    assert "(to be opened)" in ran.out
    assert "diff --git a/.github/workflows/release.yml" in ran.out
    assert "Nothing was sent. To open 1 pull request, add --write." in ran.out
    assert desk.sent() == []
    assert desk.fix(f"{OWNER}/tidepool", "--diff").out == ran.out


def test_it_opens_one_safe_request_that_says_why_the_release_still_works(desk: Desk) -> None:
    ran = desk.fix(f"{OWNER}/tidepool", "--write")
    assert ran.code == 0, ran.out + ran.err
    assert f"opened: {OWNER}/tidepool  release-audit/safe  https://github.com/" in ran.out
    (pull,) = desk.repo("tidepool").pulls
    assert not pull.draft
    text = pull.body
    assert "The score rises from **" in text
    assert "### Why the release still works" in text
    assert "`tidepool` to PyPI from `.github/workflows/release.yml`, with `password`" in text
    assert "### Before merging" in text
    assert "To decline, close this request" in text
    assert text.count("<!-- release-audit safe: ") == 1
    files = peel(desk.repo("tidepool").refs[SAFE]).tree
    changed = files.find(".github/workflows/release.yml")
    assert changed is not None
    assert getattr(changed, "text", "") != TOKEN_RELEASE
    assert WRITING not in ran.out + ran.err
    assert TOKEN not in ran.out + ran.err


def test_a_second_run_opens_nothing_more(desk: Desk) -> None:
    desk.fix(f"{OWNER}/tidepool", "--write")
    desk.github.forget()
    again = desk.fix(f"{OWNER}/tidepool", "--write")
    assert again.code == 0
    assert "open already: https://github.com/" in again.out
    assert desk.sent() == []


def test_what_was_declined_is_not_proposed_again(desk: Desk) -> None:
    desk.fix(f"{OWNER}/tidepool", "--write")
    desk.repo("tidepool").pulls[0].state = "closed"
    again = desk.fix(f"{OWNER}/tidepool", "--write")
    assert again.code == 0
    assert "declined before: https://github.com/" in again.out
    assert len(desk.repo("tidepool").pulls) == 1
    asked = desk.fix(f"{OWNER}/tidepool", "--write", "--declined")
    assert asked.code == 0, asked.out
    assert len(desk.repo("tidepool").pulls) == 2


def test_edits_to_be_reviewed_are_drafts_of_their_own(desk: Desk) -> None:
    ran = desk.fix(f"{OWNER}/tidepool", "--write", "--unsafe")
    assert ran.code == 0, ran.out + ran.err
    pulls = {pull.head.removeprefix("release-audit/"): pull for pull in desk.repo("tidepool").pulls}
    assert not pulls.pop("safe").draft
    assert pulls
    assert all(pull.draft for pull in pulls.values())
    for topic, pull in pulls.items():
        assert f"<!-- release-audit {topic}: " in pull.body
        assert "- [ ] " in pull.body
    token = pulls["long-lived-token"].body
    assert "Register the trusted publisher at the registry before this is merged" in token


def test_one_check_over_an_owner_stops_at_the_limit(tmp_path: Path) -> None:
    world = small_world()
    for number in range(3):
        name = f"reef-{number}"
        world.owners[0].add(Repo(name, package(name, TOKEN_RELEASE)))
    world.owners[0].add(Repo("sunk", package("sunk", TOKEN_RELEASE), archived=True))
    world.owners[0].add(Repo("copy", package("copy", TOKEN_RELEASE), fork=True))
    world.index()
    for desk in desk_of(world, tmp_path):
        words = (OWNER, "--check", "persisted-checkout-credentials", "--write")
        ran = desk.fix(*words, "--limit", "2")
        opened = [repo.name for repo in world.repositories() if repo.pulls]
        assert len(opened) == 2, ran.out + ran.err
        assert "The limit of 2 is reached" in ran.out
        desk.fix(*words)
        names = {repo.name: len(repo.pulls) for repo in world.repositories()}
        assert names["reef-0"] == names["reef-1"] == names["reef-2"] == names["tidepool"] == 1
        assert names["sunk"] == names["copy"] == 0
        assert all(
            pull.title == "Leave no credential behind a checkout"
            for repo in world.repositories()
            for pull in repo.pulls
        )


def test_it_writes_with_its_own_token_alone(desk: Desk) -> None:
    without = {**desk.environment(), "GITHUB_TOKEN": WRITING}
    del without["RELEASE_AUDIT_WRITE_TOKEN"]
    ran = release_audit(*desk.words(f"{OWNER}/tidepool", "--write"), **without)
    assert ran.code == 2
    assert "RELEASE_AUDIT_WRITE_TOKEN is not set" in ran.err
    assert desk.github.log == []


def test_the_writing_token_may_read_where_there_is_no_other(desk: Desk) -> None:
    ran = release_audit(
        *desk.words(f"{OWNER}/tidepool", "--write"),
        **{**desk.environment(), "RELEASE_AUDIT_TOKEN": "", "GITHUB_TOKEN": "", "GH_TOKEN": ""},
    )
    assert ran.code == 0, ran.out + ran.err


def test_a_missing_right_ends_with_3_and_leaves_nothing(desk: Desk) -> None:
    desk.github.tokens[WRITING].writes = frozenset({"contents", "pull_requests"})
    ran = desk.fix(f"{OWNER}/tidepool", "--write")
    assert ran.code == 3
    assert "The token may not change workflows." in ran.out
    assert "Workflows: write" in ran.out
    assert SAFE not in desk.repo("tidepool").refs


def test_update_bots_are_named(desk: Desk) -> None:
    from tests.collect.github.world import Pull

    desk.repo("tidepool").pulls.append(Pull(number=9, head="dependabot/github_actions/actions-1"))
    desk.fix(f"{OWNER}/tidepool", "--write")
    body = desk.repo("tidepool").pulls[-1].body
    assert (
        f"An update bot has a request on the same files: <https://github.com/{OWNER}/tidepool/pull/9>"
        in body
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Pull requests are opened on GitHub"),
        (("./here",), "is no repository or owner on GitHub"),
        ((f"{OWNER}/tidepool", "--write", "--diff"), "exclude each other"),
        ((f"{OWNER}/tidepool", "--offline"), "cannot be opened offline"),
        ((f"{OWNER}/tidepool", "--format", "json"), "prints text alone"),
        ((f"{OWNER}/tidepool", "--check", "nothing"), "There is no check nothing"),
    ],
)
def test_wrong_use_is_one_sentence(desk: Desk, words: tuple[str, ...], said: str) -> None:
    ran = desk.fix(*words)
    assert ran.code == 2
    assert said in ran.err


MARKS = {"branch": '"ref"', "commit": "createCommitOnBranch", "request": '"maintainer_can_modify"'}


@dataclass
class Killer:
    """Kills a process at the first request that holds a mark: before GitHub acts on it, or after
    that and before the process hears of it.
    """

    mark: str
    when: str
    process: subprocess.Popen[bytes] | None = None
    done: bool = False

    def before(self, _kind: str, what: str) -> None:
        if self.when == "before":
            self._kill(what)

    def after(self, _kind: str, what: str, reply: Reply) -> Reply:
        if self.when == "after":
            self._kill(what)
        return reply

    def _kill(self, what: str) -> None:
        if self.process is not None and not self.done and what[:1] == "{" and self.mark in what:
            self.done = True
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


@pytest.mark.parametrize(
    ("step", "when"),
    [("branch", "before"), ("branch", "after"), ("commit", "after"), ("request", "after")],
)
def test_a_run_that_is_killed_at_any_request_is_continued(desk: Desk, step: str, when: str) -> None:
    killer = Killer(MARKS[step], when)
    desk.github.faults.before, desk.github.faults.change = killer.before, killer.after
    code = (
        "from audits.pull_requests import writer; writer.SPACING = 0.01\n"
        "from audits.cli import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, *desk.words(f"{OWNER}/tidepool", "--write")],
        env={**os.environ, **desk.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        killer.process = running
        running.wait(timeout=PATIENCE)
    assert killer.done
    again = desk.fix(f"{OWNER}/tidepool", "--write")
    assert again.code == 0, again.out + again.err
    repo = desk.repo("tidepool")
    assert [pull.state for pull in repo.pulls] == ["open"]
    assert [name for name in repo.refs if "release-audit" in name] == [SAFE]
    assert "ci: " in peel(repo.refs[SAFE]).message
