"""Registries are asked for digests without an account, and every other answer has a reason of its own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.collect.image_registries import ImageLimits, ImageRegistries
from audits.model.evidence import ImageDigest
from audits.model.image_name import DOCKER_HUB, image_name
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason
from tests.collect.registry import DIGEST, INDEX, Registry, serving

IMAGE = "ghcr.example/orchard/build:2"
TAGS = {"orchard/build:2", "library/alpine:3.20"}


def asked(registry: Registry, *images: str, limits: ImageLimits | None = None) -> ImageRegistries:
    """The registries after these were asked for, ``registry`` standing for all of them."""
    hosts = {"ghcr.example": registry.base, DOCKER_HUB: registry.base}
    reader = ImageRegistries(hosts, limits)
    reader.digests(images or (IMAGE,))
    return reader


def answer(registry: Registry, image: str = IMAGE) -> tuple[ImageDigest | Unseen, tuple[Gap, ...]]:
    with serving(registry):
        reader = asked(registry, image)
        return reader.digests((image,))[image], reader.gaps()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("alpine", (DOCKER_HUB, "library/alpine", "latest")),
        ("docker.io/grafana/k6:1.0", (DOCKER_HUB, "grafana/k6", "1.0")),
        ("docker://ghcr.io/o/a/b:x", ("ghcr.io", "o/a/b", "x")),
        ("quay.io:8443/o/n", ("quay.io:8443", "o/n", "latest")),
        ("localhost:5000/n:1", ("localhost:5000", "n", "1")),
    ],
)
def test_names_are_taken_apart_as_docker_does(text: str, parts: tuple[str, str, str]) -> None:
    found = image_name(text)
    assert found is not None
    assert (found.host, found.name, found.tag) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Alpine",
        "a b",
        f"alpine@{DIGEST}",
        "${{ vars.X }}",
        "a/../b",
        "a:b:c",
        "x.y/",
        "a" * 300,
    ],
)
def test_what_is_no_name_is_not_asked_for(text: str) -> None:
    assert image_name(text) is None
    assert isinstance(ImageRegistries().digests((text,))[text], Unseen)


@pytest.mark.parametrize("says_digest", [True, False])
@pytest.mark.parametrize("has_head", [True, False])
@pytest.mark.parametrize("needs_token", [True, False])
def test_the_digest_of_the_index_is_found(
    *, says_digest: bool, has_head: bool, needs_token: bool
) -> None:
    registry = Registry(
        tags=TAGS, says_digest=says_digest, has_head=has_head, needs_token=needs_token
    )
    assert answer(registry) == (ImageDigest(reference=IMAGE, digest=DIGEST), ())
    assert all(kinds.startswith(INDEX) for kinds in registry.accepted)


def test_an_image_of_docker_hub_needs_no_host() -> None:
    found, _ = answer(Registry(tags=TAGS), "alpine:3.20")
    assert found == ImageDigest(reference="alpine:3.20", digest=DIGEST)


def test_a_mirror_of_docker_hub_is_known_by_each_of_its_names() -> None:
    registry = Registry(tags=TAGS)
    with serving(registry):
        for name in ("docker.io", "Index.Docker.io", DOCKER_HUB):
            found = ImageRegistries({name: registry.base}).digests(("alpine:3.20",))
            assert found["alpine:3.20"] == ImageDigest(reference="alpine:3.20", digest=DIGEST)


def test_a_password_in_an_address_is_in_no_sentence() -> None:
    reader = ImageRegistries({"ghcr.example": "http://ada:plum@127.0.0.1:9/"})
    found, (gap,) = reader.digests((IMAGE,))[IMAGE], reader.gaps()
    assert "plum" not in f"{found} {gap}"


def test_absent_refused_and_broken_are_three_answers() -> None:
    assert answer(Registry())[0] == ImageDigest(reference=IMAGE, digest=None)
    for trouble, reason, optional in (
        (Registry(private={"orchard/build"}), GapReason.FORBIDDEN, True),
        (Registry(statuses={"orchard/build:2": 403}), GapReason.FORBIDDEN, True),
        (Registry(statuses={"orchard/build:2": 500}), GapReason.UNAVAILABLE, False),
        (Registry(statuses={"orchard/build:2": 429}), GapReason.RATE_LIMITED, False),
        (Registry(statuses={"orchard/build:2": 307}), GapReason.UNSUPPORTED, True),
        (Registry(tags=TAGS, token=b"[" * 100_000), GapReason.TOO_LARGE, False),
        (Registry(tags=TAGS, token=b'{"token": 1}'), GapReason.FORBIDDEN, True),
        (Registry(tags=TAGS, token=b'{"token": "a\\nb"}'), GapReason.FORBIDDEN, True),
    ):
        found, gaps = answer(trouble)
        assert isinstance(found, Unseen)
        assert [(gap.reason, gap.optional) for gap in gaps] == [(reason, optional)]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"\xff", b"[" * 10_000, b'{"schemaVersion": 1}']
)
def test_what_is_no_manifest_has_no_digest(body: bytes) -> None:
    found, gaps = answer(Registry(tags=TAGS, says_digest=False, bodies={"orchard/build:2": body}))
    assert isinstance(found, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


def test_no_more_is_read_than_allowed() -> None:
    registry = Registry(tags=TAGS, says_digest=False, bodies={"orchard/build:2": b" " * 9_000})
    limits = ImageLimits(manifest_bytes=8_000)
    with serving(registry):
        (gap,) = asked(registry, limits=limits).gaps()
        assert gap.reason is GapReason.TOO_LARGE
        many = [f"ghcr.example/orchard/n{number}:1" for number in range(4)]
        reader = asked(registry, *many, limits=replace(limits, most_images=2))
        assert [isinstance(each, Unseen) for each in reader.digests(many).values()] == [
            False,
            False,
            True,
            True,
        ]


def test_a_registry_that_is_down_is_asked_three_times() -> None:
    names = [f"orchard/n{number}" for number in range(5)]
    registry = Registry(needs_token=False, statuses={f"{name}:1": 502 for name in names})
    with serving(registry):
        asked(registry, *(f"ghcr.example/{name}:1" for name in names))
    assert len(registry.asked) == 3


def test_each_image_is_asked_for_once() -> None:
    registry = Registry(tags=TAGS, needs_token=False)
    with serving(registry):
        asked(registry, IMAGE, IMAGE)
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    "realm",
    [
        "http://169.254.169.254/latest",
        "https://localhost/token",
        "https://10.0.0.1/token",
        "https://build.internal/token",
        "https://user:pass@registry.example/token",
        "file:///etc/passwd",
        "https://[::1",
        "https://[::1]/token",
        "https://10.0.0.1\\.registry.example/token",
        "https://10.0.0.1%2f.registry.example/token",
        "https://registry.intern\u00aal/token",
        "https://224.0.0.251/token",
    ],
)
def test_a_registry_sends_to_no_machine_of_the_network(realm: str) -> None:
    found, (gap,) = answer(Registry(tags=TAGS, realm=realm))
    assert isinstance(found, Unseen)
    assert gap.reason is GapReason.UNSUPPORTED


@pytest.mark.parametrize(
    "image", ["localhost:5000/x:1", "127.0.0.1:80/x:1", "10.1.2.3/x:1", "build.internal/x:1"]
)
def test_a_workflow_sends_to_no_machine_of_the_network(image: str) -> None:
    reader = ImageRegistries()
    assert isinstance(reader.digests((image,))[image], Unseen)
    (gap,) = reader.gaps()
    assert gap.reason is GapReason.UNSUPPORTED
    assert "public internet" in gap.detail


def test_slow_hosts_cost_a_bounded_time() -> None:
    """A workflow may name many hosts, each of which answers as late as it may."""
    names = [f"ghcr.example/orchard/n{number}:1" for number in range(3)]
    for limits, reason in (
        (ImageLimits(host_seconds=0), "ghcr.example took over 0 seconds"),
        (ImageLimits(run_seconds=0), "registries took over 0 seconds"),
    ):
        registry = Registry(needs_token=False)
        with serving(registry):
            reader = asked(registry, *names, limits=limits)
        assert len(registry.asked) == 1
        assert [gap.reason for gap in reader.gaps()] == [GapReason.UNAVAILABLE] * 2
        assert all(reason in gap.detail for gap in reader.gaps())
