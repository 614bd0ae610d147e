"""Tests of the registries' rows."""

from __future__ import annotations

import copy
import re

import msgspec
import pytest

from audits.model.registry import DOCKER_HUB, Registry, RegistryInfo, registry_named

ROWS = [*(registry.info for registry in Registry), DOCKER_HUB]


@pytest.mark.parametrize("registry", Registry, ids=str)
def test_a_member_is_its_word_and_survives_every_way_it_travels(registry: Registry) -> None:
    assert registry == registry.info.word == registry.value
    assert registry_named(registry.info.word) is registry
    assert copy.deepcopy(registry) is registry
    assert msgspec.json.decode(msgspec.json.encode(registry), type=Registry) is registry


def test_an_unknown_word_is_no_registry() -> None:
    assert registry_named("bazaar") is None


def test_no_field_of_a_row_may_be_left_out() -> None:
    assert all(field.required for field in msgspec.structs.fields(RegistryInfo))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_rows_are_consistent(row: RegistryInfo) -> None:
    re.compile(row.credential_names)
    assert not any(host.count(".") and host.endswith(".") for host in row.hosts)
    assert all(pattern.upper() == pattern for pattern in row.token_variables)
    trusted = row.trusted
    if trusted is None:
        return
    assert row.judges_environment
    assert row.environment
    assert row.credential_names
    assert trusted.open_to_all is (not trusted.limit)
    assert trusted.source.startswith("https://")
    assert all(c.source.startswith("https://") and c.version for c in trusted.clients)
    assert not {refusal.event for refusal in trusted.refuses} & trusted.accepts


def test_those_of_the_design_have_trusted_publishing() -> None:
    having = {registry.value for registry in Registry if registry.has_trusted_publishing}
    assert having == {
        *("pypi", "npm", "crates", "rubygems", "nuget"),
        *("jsr", "pub", "prefix", "openvsx", "vscode"),
    }
    assert DOCKER_HUB.trusted is not None
    assert not Registry.CONTAINER.has_trusted_publishing
