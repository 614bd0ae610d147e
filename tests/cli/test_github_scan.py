"""``release-audit scan OWNER`` against a loopback GitHub, as people run it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audits.cli.waiting import PlainWatch, waiting_line
from audits.collect.github.files import FileReader
from audits.collect.github.listing import Listed
from audits.model.source import Snapshot
from audits.store.open import open_store
from tests.cli.github_world import OWNER, TOKEN_RELEASE, Cli, command_line, package, small_world
from tests.collect.github.scanning import TOKEN, world_of
from tests.collect.github.world import Owner, Repo


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    with command_line(small_world(), tmp_path) as made:
        yield made


def test_an_owner_is_scanned_with_settings_and_called_workflows(cli: Cli) -> None:
    ran = cli.scan(OWNER)
    assert (ran.code, ran.said) == (0, [])
    assert "orchard-labs: 6 repositories, 4 publish" in ran.out
    store = cli.store
    rows = {row.repository: row for row in store.repositories(owner=OWNER)}
    assert set(rows) == {"lumen", "tidepool", "moss", "pipelines", "notes", "cracked"}
    assert (rows["lumen"].grade, rows["lumen"].tier) == ("A", 3)
    (inside,) = store.publications(owner=OWNER, repository="moss")
    assert inside.workflow == "orchard-labs/pipelines/.github/workflows/publish.yml@v1"
    assert (inside.auth, inside.package, inside.triggers) == ("token", "moss", "release")
    failing = {f.check for f in store.findings(owner=OWNER) if f.repository == "moss"}
    assert {"long-lived-token", "unpinned-action"} <= failing
    scan = store.latest_scan(OWNER)
    assert scan is not None
    assert (scan.tier, scan.repositories, scan.not_reached) == (3, 6, 0)
    assert {gap.repository for gap in store.gaps(owner=OWNER)} == {"cracked"}
    card = {fact.check: fact for fact in store.owner_card(OWNER)}
    pins = card["sha-pinning-not-required"]
    assert pins.outcome == "fail"
    assert pins.consequence.startswith("If it were, ")
    assert "because of: actions/checkout@v4 (" in pins.consequence
    assert pins.consequence in " ".join(ran.out.split())


def test_a_second_scan_says_what_is_new_and_fixed(cli: Cli) -> None:
    assert cli.scan(OWNER).code == 0
    lumen = next(r for r in cli.github.world.repositories() if r.name == "lumen")
    lumen.change(".github/workflows/release.yml", TOKEN_RELEASE)
    ran = cli.scan(OWNER)
    assert "  new: " in ran.out
    assert "long-lived-token  lumen .github/workflows/release.yml:" in ran.out
    assert "lumen: A " in ran.out
    assert "as the repository changed" in ran.out
    same = cli.scan(OWNER)
    assert "new:" not in same.out
    assert len(cli.store.scans(OWNER)) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to read"),
        ((OWNER, "--offline"), "cannot be read offline"),
        ((OWNER, "--folder", "."), "two sources"),
        (("orchard labs",), "no account's name"),
        (("--repos", "nowhere.txt"), "cannot be read as a list"),
    ],
)
def test_wrong_use(cli: Cli, words: tuple[str, ...], said: str) -> None:
    ran = cli.scan(*words)
    assert ran.code == 2
    assert said in ran.err
    assert not cli.github.log


def test_a_token_is_never_taken_from_the_command_line(cli: Cli) -> None:
    assert cli.scan(OWNER, "--token", TOKEN).code == 2
    ran = cli.scan(OWNER, RELEASE_AUDIT_TOKEN="", GITHUB_TOKEN="", GH_TOKEN="")
    assert ran.code == 3
    assert "RELEASE_AUDIT_TOKEN" in ran.err


def test_a_token_may_lie_in_a_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n", "utf-8")
    assert cli.scan(OWNER, "--token-file", str(path), **{"RELEASE_AUDIT_TOKEN": "wrong"}).code == 0
    path.write_text("two words", "utf-8")
    ran = cli.scan(OWNER, "--token-file", str(path))
    assert ran.code == 3
    assert "two words" not in ran.err


def test_an_owner_that_is_not_there_costs_no_other(cli: Cli) -> None:
    ran = cli.scan("nobody-here", OWNER)
    assert ran.code == 3
    assert "GitHub shows no account 'nobody-here'" in ran.err
    assert "orchard-labs: 6 repositories" in ran.out
    assert cli.store.owners() == (OWNER,)


def test_one_scan_of_an_owner_at_a_time(cli: Cli) -> None:
    store = open_store(cli.database)
    now = datetime.now(UTC)
    (running,) = store.begin_scans(
        [OWNER], source="x", started=now, tier=0, policy="p", tool_version="1"
    )
    ran = cli.scan(OWNER)
    assert ran.code == 3
    assert "Another scan of orchard-labs is running" in ran.err
    assert not cli.github.log
    store.pause_scan(running)
    assert cli.scan(OWNER).code == 0


def test_a_budget_that_is_used_up_leaves_a_scan_to_be_resumed(cli: Cli) -> None:
    ran = cli.scan(OWNER, "--max-points", "1")
    assert ran.code == 3
    assert "Go on with: release-audit scan orchard-labs --host github.com" in ran.err
    assert cli.store.latest_scan(OWNER) is None
    ran = cli.scan(OWNER, "--resume")
    assert (ran.code, "orchard-labs: 6 repositories" in ran.out) == (0, True)
    assert len(cli.store.scans(OWNER)) == 1


def test_a_budget_leaves_a_list_to_be_resumed_too(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("orchard-labs/lumen\norchard-labs/moss\n", "utf-8")
    ran = cli.scan("--repos", str(path), "--max-points", "1")
    assert ran.code == 3
    assert f"release-audit scan --repos {path} " in ran.err
    assert cli.scan("--repos", str(path), "--resume").code == 0
    assert {row.repository for row in cli.store.repositories(owner=OWNER)} == {"lumen", "moss"}


def test_archived_repositories_and_forks_are_chosen(cli: Cli) -> None:
    owner = cli.github.world.owners[0]
    owner.add(Repo("attic", package("attic"), archived=True))
    owner.add(Repo("copied", package("copied"), fork=True))
    cli.github.world.index()
    assert "orchard-labs: 7 repositories" in cli.scan(OWNER).out
    second = cli.scan(OWNER, "--no-archived", "--include-forks").out
    assert "orchard-labs: 8 repositories (7 read by this scan)" in second
    names = {row.repository for row in cli.store.repositories(owner=OWNER)}
    assert names >= {"attic", "copied"}


def test_a_list_of_repositories_of_many_owners(cli: Cli, tmp_path: Path) -> None:
    other = Owner("lanterns", repos=[Repo("glow", package("glow", TOKEN_RELEASE))])
    cli.github.world.owners.append(other)
    cli.github.world.index()
    path = tmp_path / "list.txt"
    path.write_text(
        "# ours\norchard-labs/lumen\n\nlanterns/glow  # theirs\nno repository\n"
        "Orchard-Labs/Lumen\norchard-labs/gone\nhttps://somewhere/else\n",
        "utf-8",
    )
    ran = cli.scan("--repos", str(path))
    assert ran.code == 0
    assert "line 5: 'no repository' is no owner/name" in ran.err
    assert "line 8:" in ran.err
    assert "orchard-labs: 2 repositories, 1 publish" in ran.out
    assert "lanterns: 1 repository, 1 publish" in ran.out
    gaps = {(gap.repository, gap.reason) for gap in cli.store.gaps(owner=OWNER)}
    assert gaps == {("gone", "not-found")}
    path.write_text("nothing useful\n", "utf-8")
    assert cli.scan("--repos", str(path)).code == 2


@pytest.mark.parametrize("private", [True, False])
def test_a_deleted_repository_that_was_public_counts_no_more(cli: Cli, private: bool) -> None:
    world = cli.github.world
    tidepool = next(r for r in world.repositories() if r.name == "tidepool")
    tidepool.private = private
    assert cli.scan(OWNER).code == 0
    world.delete(tidepool)
    ran = cli.scan(OWNER)
    # a private one may only be hidden from this token: its findings are not re-checked
    assert ("not re-checked: " in ran.out) is private
    assert ("not reached: 1 repository;" in ran.out) is private
    assert (f"{OWNER}/tidepool" in ran.out) is not private
    assert "fixed" not in ran.out.partition("not seen")[0]


def test_waiting_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert waiting_line(41.2, "GitHub's hourly limit").startswith("waiting 42 s: GitHub's hourly")
    watch = PlainWatch()
    for seconds in (1.0, 42.0, 41.0):
        watch.waiting(seconds, "GitHub's hourly limit")
    watch.done("lumen")
    assert capsys.readouterr().err.count("waiting") == 1


def test_how_far_a_scan_is_is_counted_of_all(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.cli.waiting._SAY_AGAIN", 0.0)
    said = [line for line in cli.scan(OWNER).err.splitlines() if line.endswith("read")]
    number = len(said)
    assert said[-1] == f"{number} of {number} repositories read"
    assert said[0] == f"1 of {number} repositories read"


def test_requests_are_logged_where_that_is_asked_for(cli: Cli) -> None:
    ran = cli.scan(OWNER, RELEASE_AUDIT_LOG_LEVEL="debug")
    assert "/graphql" in ran.err
    assert TOKEN not in ran.err
    for name in ("audits", "github", "urllib3"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(logging.NOTSET)
    assert "/graphql" not in cli.scan(OWNER).err


def test_a_repository_that_cannot_be_read_for_our_fault_costs_no_other(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.scan(OWNER).code == 0
    before = {f.fingerprint for f in cli.store.findings(owner=OWNER)}
    real = FileReader.read

    def read(self: FileReader, listed: Sequence[Listed]) -> Iterator[Snapshot]:
        found = list(real(self, listed))
        yield from found[:1] if len(found) > 1 else ()
        if any(repo.slug.endswith("/tidepool") for repo in listed):
            raise TypeError("planted")
        yield from found[1:] if len(found) > 1 else found

    monkeypatch.setattr(FileReader, "read", read)
    ran = cli.scan(OWNER)
    assert (ran.code, "Traceback" in ran.err) == (4, False)
    crashed = {g.repository for g in cli.store.gaps(owner=OWNER) if g.reason == "crashed"}
    assert crashed == {"tidepool"}
    rows = list(cli.store.findings(owner=OWNER))
    assert {f.fingerprint for f in rows} == before
    assert {f.repository for f in rows if f.state == "not-re-checked"} == {"tidepool"}
    monkeypatch.undo()
    assert cli.scan(OWNER).code == 0
    assert {f.state for f in cli.store.findings(owner=OWNER)} == {"open"}


def test_strings_from_github_that_no_database_holds_are_stored(tmp_path: Path) -> None:
    odd = Repo("lumen", package("lumen", TOKEN_RELEASE, **{"package.json": '{"name": "x\\ud800"}'}))
    odd.topics = ("a\ud800b", "c\x00d")
    odd.files[".github/workflows/npm.yml"] = (
        "on: push\njobs: {a: {runs-on: x, steps: [{run: npm publish, env: {NODE_AUTH_TOKEN: '${{ secrets.N }}'}}]}}\n"
    )
    odd.commit(odd.files, "more")
    with command_line(world_of(odd), tmp_path) as made:
        ran = made.scan(OWNER)
        assert (ran.code, ran.said) == (0, [])
        (row,) = made.store.repositories(owner=OWNER)
        assert row.topics == ("a\\ud800b", "c\\x00d")
        assert "x\\ud800" in {p.package for p in made.store.packages(owner=OWNER)}
