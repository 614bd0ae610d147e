"""``--registry``: npm and crates packages held against registries on the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import write
from tests.cli.github_world import OWNER, command_line
from tests.cli.runner import Ran, release_audit
from tests.collect.github.scanning import world_of
from tests.collect.github.world import Repo
from tests.collect.index.objects import Run, npm_attestations, npm_integrity
from tests.collect.index.server import PackageIndexServer, serving

NPM = """name: Release
on: {release: {types: [published]}}
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - run: npm publish
"""
CRATES = NPM.replace("npm publish", "cargo publish").replace("Release", "Crate")
FILES = {
    ".github/workflows/release.yml": NPM,
    ".github/workflows/crate.yml": CRATES,
    "package.json": '{"name": "lumen", "version": "1.2.0"}\n',
    "Cargo.toml": '[package]\nname = "lumen-core"\nversion = "0.3.0"\n',
}
ATTESTED = "/-/npm/v1/attestations/lumen@1.2.0"


@pytest.fixture
def registry() -> Iterator[PackageIndexServer]:
    """npm and crates under one address: an attested package, and a crate uploaded by token."""
    with serving() as server:
        listed = {"url": server.base + ATTESTED, "provenance": {"x": "y"}}
        dist = {"attestations": listed, "integrity": npm_integrity()}
        server.put(ATTESTED, npm_attestations(Run(repository_id="1000")))
        server.put(
            "/lumen",
            {
                "name": "lumen",
                "time": {"1.2.0": "2026-05-04T10:00:00.000Z"},
                "versions": {
                    "1.2.0": {"version": "1.2.0", "dist": dist, "_npmUser": {"name": "a"}}
                },
            },
        )
        release = {"num": "0.3.0", "created_at": "2026-05-04T10:00:00Z", "trustpub_data": None}
        server.put("/api/v1/crates/lumen-core", {"crate": {}, "versions": [release]})
        yield server


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write(tmp_path / OWNER / "lumen", FILES)


def words(server: PackageIndexServer) -> tuple[str, ...]:
    return "--registry", f"npm={server.base}/", "--registry", f"crates={server.base}"


def online(
    checkout: Path, server: PackageIndexServer, *options: str, **environment: str
) -> dict[tuple[str, str], str]:
    """Why each package is in its state, by registry and name, as `check --online` tells."""
    ran = release_audit(
        "check",
        str(checkout),
        "--online",
        "--format",
        "json",
        "--no-engine",
        "--fail-on",
        "never",
        "--index-url",
        server.simple,
        *options,
        XDG_CACHE_HOME=str(checkout.parent / "cache"),
        **environment,
    )
    assert ran.code == 0, ran.err
    packages = json.loads(ran.out)["packages"]
    return {(p["registry"], p["package"]): p["why"] for p in packages}


def test_check_asks_the_registries_that_are_named(
    checkout: Path, registry: PackageIndexServer
) -> None:
    found = online(checkout, registry, *words(registry))
    assert "1.2.0 is attested for orchard-labs/lumen" in found["npm", "lumen"]
    assert "0.3.0 did not come from a trusted publisher" in found["crates", "lumen-core"]
    assert {"/lumen", ATTESTED, "/api/v1/crates/lumen-core"} <= set(registry.paths(200))


def test_the_environment_names_registries_too(checkout: Path, registry: PackageIndexServer) -> None:
    both = f"npm={registry.base}  crates={registry.base}/"
    found = online(checkout, registry, RELEASE_AUDIT_REGISTRIES=both)
    assert found == online(checkout, registry, *words(registry))
    assert "/lumen" in registry.paths()


def test_only_what_is_named_is_asked(checkout: Path, registry: PackageIndexServer) -> None:
    found = online(checkout, registry, "--registry", f"npm={registry.base}")
    assert "1.2.0 is attested for orchard-labs/lumen" in found["npm", "lumen"]
    assert "no address of this registry is configured" in found["crates", "lumen-core"]
    assert not [path for path in registry.paths() if "crates" in path]


@pytest.mark.parametrize(
    ("file", "text", "command", "registry_name"),
    [
        (
            "lumen.gemspec",
            "Gem::Specification.new do |s|\n  s.name = 'lumen'\nend\n",
            "gem push lumen.gem",
            "rubygems",
        ),
        ("Lumen.csproj", "<Project/>\n", "dotnet nuget push Lumen.1.0.0.nupkg", "nuget"),
    ],
)
def test_a_registry_without_reader_is_reported_as_unread(
    tmp_path: Path,
    registry: PackageIndexServer,
    file: str,
    text: str,
    command: str,
    registry_name: str,
) -> None:
    workflow = NPM.replace("npm publish", command)
    files = {".github/workflows/release.yml": workflow, file: text}
    checkout = write(tmp_path / OWNER / "lumen", files)
    ran = release_audit(
        "check",
        str(checkout),
        "--online",
        "--no-engine",
        "--index-url",
        registry.simple,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    unread = f"packages of {registry_name} cannot be read by this program"
    nameless = "the package's name was not found, so the index was not asked"
    assert f"not compared with the index: {unread}." in ran.out or nameless in ran.out
    assert registry_name != "rubygems" or unread in ran.out
    assert registry.asked == []


def test_nobody_is_asked_without_online(checkout: Path, registry: PackageIndexServer) -> None:
    ran = release_audit("check", str(checkout), "--no-engine", *words(registry))
    assert ran.code in {0, 1}
    assert registry.asked == []


def test_a_folder_is_scanned_with_registries(
    checkout: Path, registry: PackageIndexServer, tmp_path: Path
) -> None:
    from audits.store.open import open_store

    database = f"sqlite:///{tmp_path / 'history.sqlite'}"
    ran = release_audit(
        "scan",
        "--folder",
        str(checkout.parent),
        "--database",
        database,
        "--no-engine",
        "--index-url",
        registry.simple,
        *words(registry),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert ran.code == 0, ran.err
    rows = open_store(database, read_only=True).packages(owner=OWNER)
    found = {(row.registry, row.package): row.why for row in rows}
    assert "1.2.0 is attested for release.yml" in found["npm", "lumen"]
    assert "0.3.0 did not come from a trusted publisher" in found["crates", "lumen-core"]


def test_github_is_scanned_with_registries(registry: PackageIndexServer, tmp_path: Path) -> None:
    with command_line(world_of(Repo("lumen", dict(FILES), number=1000)), tmp_path) as cli:
        ran = cli.scan(OWNER, *words(registry))
        assert ran.code == 0, ran.err
        rows = cli.store.packages(owner=OWNER)
    found = {(row.registry, row.package): (row.state, row.why) for row in rows}
    state, why = found["npm", "lumen"]
    assert state == "attested", why
    assert "0.3.0 did not come from a trusted publisher" in found["crates", "lumen-core"][1]


@pytest.mark.parametrize(
    ("value", "message", "advice"),
    [
        ("https://user:plum@npm.example/?a=b", "without its name", "NAME=URL"),
        ("npm", "without its name", "NAME=URL"),
        ("pypi=https://pypi.example", "PyPI's address", "--index-url"),
        ("rubygems=https://gems.example", "'rubygems' cannot be read", "npm, crates"),
        ("npm=", "registry npm is none", "https://"),
        ("npm=npm.example", "registry npm is none", "https://"),
        ("npm=http://user:plum@npm.example", "registry npm is none", "this machine"),
        ("npm=http://127.0.0.1.evil.example", "registry npm is none", "this machine"),
        ("npm=https://", "registry npm is none", "https://"),
        ("npm=https://[::1", "registry npm is none", "https://"),
        ("npm=https://npm.example:x", "registry npm is none", "https://"),
        ("npm=https://npm.example/a b", "registry npm is none", "https://"),
        ("npm=file:///etc/passwd", "registry npm is none", "https://"),
        ("npm=https://npm.example/?key=plum", "more than a host and a path", "Leave out"),
        ("ghcr.io=https://user:plum@mirror.example", "ghcr.io holds a user", "without an account"),
    ],
)
def test_what_is_no_address_is_wrong_use(
    checkout: Path, value: str, message: str, advice: str
) -> None:
    ran = release_audit("check", str(checkout), "--registry", value)
    assert _refused(ran, message)
    assert advice in ran.err
    assert "plum" not in ran.err


def test_two_addresses_of_one_registry_are_wrong_use(tmp_path: Path) -> None:
    ran = release_audit(
        "scan",
        "--folder",
        str(tmp_path),
        "--offline",
        "--registry",
        "npm=https://a.example",
        "--registry",
        "npm=https://b.example",
    )
    assert _refused(ran, "npm was given two addresses")


def _refused(ran: Ran, message: str) -> bool:
    assert ran.err.startswith("error: "), ran.err
    assert message in ran.err
    assert ran.err.count("\n") == 2
    return ran.code == 2
