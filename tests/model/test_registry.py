"""Tests of the registries' rows."""

from __future__ import annotations

import copy
import re
from datetime import date

import msgspec
import pytest

from audits.model.registry import (
    DOCKER_HUB,
    Events,
    MinimumClient,
    Registry,
    RegistryInfo,
    TokenEnd,
    TrustedPublishing,
    registry_named,
)

ROWS = [*(registry.info for registry in Registry), DOCKER_HUB]


@pytest.mark.parametrize("registry", Registry, ids=str)
def test_a_member_is_its_word_and_survives_every_way_it_travels(registry: Registry) -> None:
    assert registry == registry.info.word == registry.value
    assert registry_named(registry.info.word) is registry
    assert copy.deepcopy(registry) is registry
    assert msgspec.json.decode(msgspec.json.encode(registry), type=Registry) is registry


def test_an_unknown_word_is_no_registry() -> None:
    assert registry_named("bazaar") is None


@pytest.mark.parametrize(
    "type_", [RegistryInfo, TrustedPublishing, Events, MinimumClient, TokenEnd]
)
def test_no_field_of_a_row_may_be_left_out(type_: type[msgspec.Struct]) -> None:
    assert all(field.required for field in msgspec.structs.fields(type_))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_rows_are_consistent(row: RegistryInfo) -> None:
    re.compile(row.credential_names)
    assert not any(host.count(".") and host.endswith(".") for host in row.hosts)
    assert all(pattern.upper() == pattern for pattern in row.token_variables)
    trusted = row.trusted
    if trusted is None:
        return
    assert row.environment
    assert row.credential_names
    assert trusted.source.startswith("https://")
    assert all(c.source.startswith("https://") and c.version for c in trusted.clients)
    assert not {refusal.event for refusal in trusted.events.refuses} & trusted.events.accepts


def test_those_of_the_design_have_trusted_publishing() -> None:
    having = {registry.value for registry in Registry if registry.has_trusted_publishing}
    assert having == {
        *("pypi", "npm", "crates", "rubygems", "nuget"),
        *("jsr", "pub", "prefix", "openvsx", "vscode"),
    }
    assert DOCKER_HUB.trusted is not None
    assert not Registry.CONTAINER.has_trusted_publishing


def test_a_registry_without_a_known_day_is_taken_to_have_been_there() -> None:
    pub, npm = Registry.PUB.info.trusted, Registry.NPM.info.trusted
    assert pub is not None
    assert npm is not None
    assert pub.was_there(date(2020, 1, 1))
    assert [npm.was_there(date(2025, 7, day)) for day in (30, 31)] == [False, True]


def test_what_follows_from_a_row_is_as_the_design_has_it() -> None:
    judged = {registry.value for registry in Registry if registry.judges_environment}
    trusting = {registry.value for registry in Registry if registry.has_trusted_publishing}
    assert judged == trusting | {"anaconda"}
    silent = {registry.value for registry in Registry if not registry.info.found_by_token}
    assert silent == {"goreleaser", "github-release", "downloads"}
