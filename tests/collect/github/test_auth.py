"""Credentials: where they are found, what is wrong with them in a sentence, Apps' tokens."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from audits.collect.errors import CollectError
from audits.collect.github.address import api_address, web_host
from audits.collect.github.auth import (
    CredentialKind,
    GitHubCredential,
    Secret,
    find_credential,
    find_credentials,
)
from audits.collect.github.collector import Connection
from audits.collect.github.many_owners import ManyOwners
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    TOKEN,
    collector_of,
    connect,
    connect_app,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.world import Environment, Repo

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def test_variables_in_order_and_a_file_before_them(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("ghp_fromfile\n")
    environment = {
        "GH_TOKEN": "ghp_third",
        "GITHUB_TOKEN": "ghs_second",
        "RELEASE_AUDIT_TOKEN": "x1",
    }
    found = []
    for name in ("RELEASE_AUDIT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"):
        credential = find_credential(environment)
        assert credential.secret is not None
        found.append((credential.secret.reveal(), credential.found_in))
        environment.pop(name)
    assert found == [
        ("x1", "RELEASE_AUDIT_TOKEN"),
        ("ghs_second", "GITHUB_TOKEN"),
        ("ghp_third", "GH_TOKEN"),
    ]
    assert find_credential({}).kind is CredentialKind.NONE
    (from_file,) = find_credentials({"GH_TOKEN": "no"}, token_files=[file])
    assert from_file.secret is not None
    assert from_file.secret.reveal() == "ghp_fromfile"
    assert from_file.is_classic
    assert find_credential({"GITHUB_TOKEN": "ghs_x"}).is_installation
    assert not find_credential({"GITHUB_TOKEN": "github_pat_x"}).is_installation


@pytest.mark.parametrize(
    "environment",
    [
        {"GH_TOKEN": "planted secret"},
        {"GH_TOKEN": "planted\nsecret"},
        {"GH_TOKEN": "plänted"},
        {"RELEASE_AUDIT_APP_ID": "planted"},
        {"RELEASE_AUDIT_APP_ID": "7"},
        {"RELEASE_AUDIT_APP_ID": "7", "RELEASE_AUDIT_APP_KEY_FILE": "/nowhere/key.pem"},
    ],
)
def test_what_cannot_be_a_credential(environment: dict[str, str]) -> None:
    with pytest.raises(CollectError) as caught:
        find_credential(environment)
    assert caught.value.advice
    assert "planted" not in str(caught.value)


def test_a_key_that_is_none(tmp_path: Path) -> None:
    key = tmp_path / "app.pem"
    environment = {"RELEASE_AUDIT_APP_ID": "7", "RELEASE_AUDIT_APP_KEY_FILE": str(key)}
    key.write_text("plantedsecret")
    with pytest.raises(CollectError, match="no private key"):
        find_credential(environment)
    key.write_text("-----BEGIN RSA PRIVATE KEY-----\nplantedsecret\n-----END RSA PRIVATE KEY-----")
    credential = find_credential(environment)
    with github_with(world_of()) as github, pytest.raises(CollectError) as caught:
        collector_of(Connection(credential=credential, api_url=github.url))
    assert "plantedsecret" not in str(caught.value)


def test_secrets_show_themselves_to_nobody() -> None:
    secret = Secret("plantedsecret")
    credential = GitHubCredential(kind=CredentialKind.TOKEN, secret=secret, found_in="GH_TOKEN")
    for shown in (repr(secret), str(secret), f"{secret}", repr(credential), credential.description):
        assert "planted" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(credential)


def test_a_collector_is_never_pickled() -> None:
    with github_with(world_of()) as github:
        collector = collector_of(connect(github))
        with pytest.raises(TypeError):
            pickle.dumps(collector)


def test_no_token_is_one_sentence() -> None:
    with github_with(world_of()) as github:
        connection = Connection(api_url=github.url)
        with pytest.raises(CollectError) as caught:
            list(collector_of(connection).snapshots())
        with pytest.raises(CollectError):
            collector_of(connection).doctor()
        assert github.count() == 0
    assert "RELEASE_AUDIT_TOKEN" in caught.value.advice


def test_a_refused_token_is_one_sentence() -> None:
    other = TOKEN + "planted"
    with github_with(world_of()) as github, pytest.raises(CollectError) as caught:
        snapshots(collector_of(connect(github, token=other)))
    assert "does not accept" in caught.value.message
    assert "planted" not in str(caught.value)


def test_a_token_revoked_during_the_scan_leaves_gaps() -> None:
    repos = [Repo(f"lumen-{i}", dict(FILES)) for i in range(4)]
    with github_with(world_of(*repos)) as github:

        def revoke(kind: str, content: str) -> None:
            github.tokens[TOKEN].revoked |= "query Texts" in content

        github.faults.before = revoke
        collector = collector_of(connect(github))
        found = snapshots(collector)
        done = [collector.with_settings(s, ("pypi",)) for s in found.values()]
    assert len(found) == 4
    assert all("does not accept" in s.gaps[0].detail for s in done)


def test_an_app_finds_its_installation_and_renews_tokens(tmp_path: Path) -> None:
    repos = [Repo(f"lumen-{i}", dict(FILES), environments=[Environment("pypi")]) for i in range(3)]
    with github_with(world_of(*repos)) as github:
        github.apps.installations["orchard-labs"] = 42
        github.apps.tier = 3
        collector = collector_of(connect_app(github, tmp_path))
        found = snapshots(collector)
        assert len(github.apps.issued) == 1
        github.apps.expire()
        done = [collector.with_settings(s, ("pypi",)) for s in found.values()]
        # four threads share one token, so its end is noticed at most once by each
        assert 2 <= len(github.apps.issued) <= 6
    assert not any(s.gaps for s in done)


def test_a_token_about_to_end_is_renewed_before(tmp_path: Path) -> None:
    with github_with(world_of(Repo("lumen", dict(FILES)))) as github:
        github.apps.installations["orchard-labs"] = 42
        github.apps.lifetime = 60
        snapshots(collector_of(connect_app(github, tmp_path)))
        assert len(github.apps.issued) == github.count("graphql") == 2
        assert not any(seen.status == 401 for seen in github.log)


def test_an_app_that_is_not_installed(tmp_path: Path) -> None:
    with github_with(world_of(Repo("lumen", dict(FILES)))) as github:
        connection = connect_app(github, tmp_path)
        with pytest.raises(CollectError, match="not installed"):
            collector_of(connection)
        found = list(ManyOwners(["orchard-labs/lumen"], connection).snapshots())
    assert "not installed" in found[0].gaps[0].detail


@pytest.mark.parametrize(
    ("given", "api", "host"),
    [
        ("https://github.com", "https://api.github.com", "github.com"),
        ("https://api.github.com/", "https://api.github.com", "github.com"),
        ("https://ghe.example", "https://ghe.example/api/v3", "ghe.example"),
        ("https://ghe.example:8443/api/v3/", "https://ghe.example:8443/api/v3", "ghe.example:8443"),
        ("https://wick.ghe.com", "https://api.wick.ghe.com", "wick.ghe.com"),
        ("https://api.wick.ghe.com", "https://api.wick.ghe.com", "wick.ghe.com"),
        ("http://127.0.0.1:99/api/v3", "http://127.0.0.1:99/api/v3", "127.0.0.1:99"),
    ],
)
def test_addresses(given: str, api: str, host: str) -> None:
    assert api_address(given) == api
    assert web_host(api) == host


@pytest.mark.parametrize(
    "given", ["http://ghe.example", "ghe.example", "", "https://x:planted@ghe.example", "file:///x"]
)
def test_addresses_that_are_refused(given: str) -> None:
    with pytest.raises(CollectError):
        api_address(given)
