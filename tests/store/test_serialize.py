"""Model to JSON and back: all that is packed comes out as it went in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from audits.model.evidence import PackageEvidence, ResolvedRef
from audits.model.score import Ladder
from audits.model.settings import (
    ActionsPolicy,
    BranchRuleset,
    EnvironmentSettings,
    Need,
    RepositorySettings,
    Runner,
    TagRuleset,
    Unseen,
    WorkflowPolicy,
)
from audits.store.details import Details
from audits.store.serialize import CodecError, digest, dumps, loads, pack, unpack
from audits.store.snapshots import Index, Listing, Settings
from audits.store.totals import Totals
from tests.store.samples import evidence

S = TypeVar("S", bound=Struct)

words = st.text(max_size=8)
unseen = st.builds(Unseen, need=st.sampled_from(Need), reason=words, permission=words)
listed = st.lists(words, max_size=3).map(tuple) | unseen
environments = st.builds(
    EnvironmentSettings,
    name=words,
    database_id=st.none() | st.integers(),
    on_plan=st.booleans(),
    reviewers=st.integers(0, 6) | unseen,
    wait_minutes=st.integers(0, 9) | unseen,
    prevent_self_review=st.booleans() | unseen,
    admins_can_bypass=st.booleans() | unseen,
    ref_patterns=listed,
    custom_rules=listed,
    secret_names=listed,
)
rulesets = st.builds(TagRuleset, name=words, include=st.lists(words).map(tuple))
policies = st.builds(
    ActionsPolicy,
    default_token_write=st.booleans() | unseen,
    allowed_actions=words | unseen,
    can_approve_pull_requests=st.booleans() | unseen,
    sha_pinning_required=st.booleans() | unseen,
)
names = words | st.just("?")
settings_seen = st.builds(
    RepositorySettings,
    environments=st.dictionaries(names, environments, max_size=3) | unseen,
    tag_rulesets=st.lists(rulesets, max_size=2).map(tuple) | unseen,
    latest_release_immutable=st.none() | st.booleans() | unseen,
    actions=policies | unseen,
    secret_names=listed,
    organization_secret_names=listed,
    branch_rulesets=st.lists(st.builds(BranchRuleset), max_size=2).map(tuple) | unseen,
    workflow_policies=st.lists(st.builds(WorkflowPolicy), max_size=2).map(tuple) | unseen,
    fork_approval=st.text() | unseen,
    is_public=st.none() | st.booleans(),
    runners=st.lists(st.builds(Runner), max_size=2).map(tuple) | unseen,
    owner_runners=st.lists(st.builds(Runner), max_size=2).map(tuple) | unseen,
)


def every_field_of(kind: type[S]) -> st.SearchStrategy[S]:
    """Structs of a class, with other values than the defaults too."""
    return st.builds(kind, **{field.name: st.from_type(field.type) for field in fields(kind)})


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.none() | settings_seen)
def test_settings_round_trip(found: RepositorySettings | None) -> None:
    text = dumps(Settings, Settings(value=found))
    back = loads(Settings, unpack(pack(text))).value
    assert back == found
    assert dumps(Settings, Settings(value=back)) == text


@given(every_field_of(ResolvedRef))
def test_references_round_trip(found: ResolvedRef) -> None:
    assert loads(ResolvedRef, dumps(ResolvedRef, found)) == found


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(every_field_of(Details))
def test_details_round_trip(found: Details) -> None:
    assert loads(Details, dumps(Details, found)) == found


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(every_field_of(PackageEvidence), unseen)
def test_evidence_round_trips(found: PackageEvidence, why: Unseen) -> None:
    index = Index(value={(found.registry, found.name): found})
    assert loads(Index, dumps(Index, index)) == index
    hidden = Index(value=why)
    assert loads(Index, dumps(Index, hidden)) == hidden


@given(every_field_of(Listing))
def test_listings_round_trip(found: Listing) -> None:
    assert loads(Listing, dumps(Listing, found)) == found


@given(words, words)
def test_digests_tell_texts_apart(one: str, other: str) -> None:
    assert (digest(one) == digest(other)) is (one == other)


def test_a_flag_is_no_count() -> None:
    def made(*, reviewers: int) -> Settings:
        place = EnvironmentSettings(name="pypi", reviewers=reviewers)
        hidden = Unseen(need=Need.SETTINGS, reason="")
        return Settings(
            value=RepositorySettings(
                environments={"pypi": place},
                tag_rulesets=(),
                latest_release_immutable=None,
                actions=hidden,
                secret_names=(),
                organization_secret_names=(),
            )
        )

    assert dumps(Settings, made(reviewers=0)) != dumps(Settings, made(reviewers=True))


def test_fields_that_came_later_have_their_default() -> None:
    assert loads(Totals, '{"repositories":3,"unheard_of":1}') == Totals(repositories=3)


def test_defaults_take_no_room() -> None:
    assert dumps(Totals, Totals()) == "{}"
    assert "seen_at" in dumps(PackageEvidence, evidence())


@dataclass(frozen=True)
class Odd:
    """A class whose field has no JSON form."""

    value: set[int]


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(CodecError, match="no JSON form"):
        dumps(Odd, Odd(value={1}))
    with pytest.raises(CodecError, match="Ladder where Totals"):
        dumps(Totals, Ladder.OIDC)
