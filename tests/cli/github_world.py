"""A small organization on a loopback GitHub, and scans of it as people start them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audits.cli.plan import make_plan
from audits.collect.github.collector import Connection
from audits.collect.index.reader import IndexReader
from audits.model.source import RepositoryRef
from audits.pipeline.github_scan import GitHubScan, GitHubScanned
from audits.pipeline.index_evidence import IndexFacts
from audits.store.open import open_store
from audits.store.store import Store
from tests.cli.runner import Ran, release_audit
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import TOKEN, connect, github_with, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Repo, Ruleset, World
from tests.collect.index.server import PackageIndexServer, serving
from tests.scoring.test_score import DEPENDABOT, LESSON

OWNER = "orchard-labs"
TOKEN_RELEASE = """name: Publish
on: {release: {types: [published]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: pypi
    steps:
      - uses: actions/checkout@v4
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_API_TOKEN }}
"""
CALLER = """name: Release
on: {release: {types: [published]}}
jobs:
  release:
    uses: orchard-labs/pipelines/.github/workflows/publish.yml@v1
    secrets: inherit
"""
CALLED = TOKEN_RELEASE.replace("on: {release: {types: [published]}}", "on: workflow_call")


def package(name: str, workflow: str = "", **files: Content) -> dict[str, Content]:
    """The files of a repository that holds a package and, perhaps, a release workflow."""
    found: dict[str, Content] = {"pyproject.toml": f'[project]\nname = "{name}"\n', **files}
    if workflow:
        found[".github/workflows/release.yml"] = workflow
    return found


def small_world() -> World:
    """Six repositories: by the lesson, with a token, by a called workflow, and three that
    publish nothing, of which one cannot be read."""
    lumen = Repo("lumen", package("lumen", LESSON), environments=[Environment("pypi", reviewers=1)])
    lumen.files[".github/dependabot.yml"] = DEPENDABOT
    lumen.commit(lumen.files, "start")
    tidepool = Repo("tidepool", package("tidepool", TOKEN_RELEASE), secrets=("PYPI_API_TOKEN",))
    tidepool.environments = [Environment("pypi")]
    called = Repo("pipelines", {".github/workflows/publish.yml": CALLED})
    called.tag("v1")
    return world_of(
        lumen,
        tidepool,
        Repo("moss", package("moss", CALLER)),
        called,
        Repo(
            "notes",
            {".github/workflows/docs.yml": "on: push\njobs: {a: {runs-on: x, steps: []}}\n"},
        ),
        Repo("cracked", {".github/workflows/release.yml": "on: push\njobs: [\n"}),
        rulesets=[Ruleset("all tags", include=("~ALL",))],
    )


@dataclass
class Cli:
    """Runs commands against one GitHub, one index and one database."""

    github: LoopbackGitHub
    index: PackageIndexServer
    database: str
    cache: Path

    @property
    def store(self) -> Store:
        return open_store(self.database, read_only=True)

    @property
    def environment(self) -> dict[str, str]:
        return {"RELEASE_AUDIT_TOKEN": TOKEN, "XDG_CACHE_HOME": str(self.cache)}

    @property
    def words(self) -> tuple[str, ...]:
        """What every scan of GitHub is given here."""
        return (
            "--api-url",
            self.github.url,
            "--host",
            "github.com",
            "--database",
            self.database,
            "--no-engine",
            "--allow-gaps",
            "--index-url",
            self.index.simple,
        )

    def scan(self, *words: str, **environment: str) -> Ran:
        return release_audit("scan", *words, *self.words, **(self.environment | environment))


@dataclass
class Scans:
    """Scans of the organization without a command line: quick limits, and the progress that was shown."""

    github: LoopbackGitHub
    index: PackageIndexServer
    database: str
    cache: Path
    audited: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    running: GitHubScan | None = None

    def run(
        self,
        *,
        marks: tuple[str, ...] = (),
        resume: bool = False,
        connection: Connection | None = None,
        seen: Callable[[RepositoryRef], None] | None = None,
    ) -> GitHubScanned:
        self.audited.clear()
        self.same.clear()
        reader = IndexReader(self.index.simple, cache=self.cache / "index")
        plan = make_plan(index_url=self.index.simple, engine=False, facts=IndexFacts(reader=reader))
        scan = GitHubScan(
            store=open_store(self.database),
            plan=plan,
            connection=connection or connect(self.github),
            marks=marks,
            resume=resume,
        )

        self.running = scan

        def note(ref: RepositoryRef) -> None:
            self.audited.append(ref.name)
            if seen is not None:
                seen(ref)

        try:
            return scan.owner(OWNER, note, lambda ref: self.same.append(ref.name))
        finally:
            reader.close()

    @property
    def store(self) -> Store:
        return open_store(self.database, read_only=True)


def results(store: Store) -> dict[str, dict[str, object]]:
    """What the newest scan says of each repository: score, findings, publications, gaps."""
    found: dict[str, dict[str, object]] = {}
    for row in store.repositories(owner=OWNER):
        found[row.repository] = {"grade": row.grade, "points": row.points, "tier": row.tier}
    findings: dict[str, list[object]] = {name: [] for name in found}
    for finding in store.findings(owner=OWNER, order="repository"):
        findings[finding.repository].append((finding.check, finding.fingerprint, finding.state))
    publications: dict[str, list[object]] = {name: [] for name in found}
    for publication in store.publications(owner=OWNER):
        publications[publication.repository].append((publication.workflow, publication.auth))
    for name, known in found.items():
        known["findings"] = sorted(map(str, findings[name]))
        known["publications"] = sorted(map(str, publications[name]))
    return found


@contextmanager
def command_line(world: World, folder: Path, *, tier: int = 3) -> Iterator[Cli]:
    """A GitHub, an index and an empty database, to run commands against."""
    with github_with(world, tier=tier) as github, serving() as index:
        yield Cli(github, index, f"sqlite:///{folder / 'history.sqlite'}", folder / "cache")


@contextmanager
def scanning(world: World, folder: Path, *, tier: int = 3) -> Iterator[Scans]:
    """The same for scans without a command line."""
    with github_with(world, tier=tier) as github, serving() as index:
        yield Scans(github, index, f"sqlite:///{folder / 'history.sqlite'}", folder / "cache")
