"""Asks container registries, without an account, which digest a tag is today.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests; of an
image for several platforms it is the digest of the index, which serves them all.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError

from audits.collect.bounds import TooLargeError, TooSlowError, body_of, parse_json, within
from audits.collect.index.transport import (
    NoAnswerError,
    OneHostSession,
    RequestLimits,
    plain_address,
    user_agent,
)
from audits.model.evidence import ImageDigest
from audits.model.image_name import ImageName, image_name, registry_host
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason

_KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'([a-z_]+)="([^"]{0,2000})"', re.IGNORECASE)
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_STRIKES = 3
# Strict, so that no two readers of an address can take different hosts out of it.
_REALM = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9.])?(?::\d{1,5})?(?:[/?#][\x21-\x5b\x5d-\x7e]*)?",
    re.IGNORECASE,
)
_HIDDEN = ("localhost", ".local", ".localhost", ".internal", ".lan", ".home", ".corp", ".test")


class ImageLimits(RequestLimits, frozen=True, kw_only=True):
    """Bounds of what is asked: bytes of a body, seconds of waiting for an answer, for a host and
    in one run, images in one run.
    """

    manifest_bytes: int = 4 * 2**20
    token_bytes: int = 2**16
    host_seconds: float = 300
    run_seconds: float = 900
    most_images: int = 300


class _RegistryAnswer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class ImageRegistries:
    """One run's questions to registries, each image once.

    ``addresses`` are base addresses by host, for mirrors. A workflow may name any host: others
    are asked by https alone, and only where they are on the public internet, so that nobody can
    make this program talk to machines of the network it runs in. No credential is ever sent, and
    no request is repeated: what is not answered costs one proposed edit, and the next run asks.
    """

    def __init__(
        self, addresses: Mapping[str, str] | None = None, limits: ImageLimits | None = None
    ) -> None:
        self._addresses = {
            registry_host(host): plain_address(url) for host, url in (addresses or {}).items()
        }
        self._limits = limits or ImageLimits()
        self._session = OneHostSession()
        self._session.headers["User-Agent"] = user_agent()
        self._known: dict[str, ImageDigest | Unseen] = {}
        self._strikes: dict[str, int] = {}
        self._closed: dict[str, NoAnswerError] = {}
        self._waited: dict[str, float] = {}
        self._gaps: dict[Gap, None] = {}

    def digests(self, references: Iterable[str]) -> dict[str, ImageDigest | Unseen]:
        """The digest of each reference; `Unseen` where it was not asked, refused or not served."""
        wanted = dict.fromkeys(references)
        for reference in wanted:
            if reference not in self._known:
                self._known[reference] = self._read(reference)
        return {reference: self._known[reference] for reference in wanted}

    def gaps(self) -> tuple[Gap, ...]:
        """What registries refused or did not serve; a refusal costs an edit alone."""
        return tuple(self._gaps)

    def _read(self, reference: str) -> ImageDigest | Unseen:
        image = image_name(reference)
        if image is None:
            return _unseen("the name of the image is none that a registry serves")
        try:
            return ImageDigest(reference=reference, digest=self._digest(image))
        except NoAnswerError as trouble:
            optional = trouble.reason in {GapReason.FORBIDDEN, GapReason.UNSUPPORTED}
            gap = Gap(
                subject=f"image:{reference}",
                reason=trouble.reason,
                detail=trouble.sentence,
                optional=optional,
            )
            self._gaps[gap] = None
            return _unseen(trouble.sentence.rstrip("."))

    def _digest(self, image: ImageName) -> str | None:
        """The digest of a tag, None where the registry has no such tag."""
        host = image.host
        self._check_limits(image)
        base = self._addresses.get(host) or f"https://{host}"
        url = f"{base}/v2/{image.name}/manifests/{image.tag}"
        began = time.monotonic()
        try:
            if host not in self._addresses:
                _check_public(host)
            token = ""
            answer = self._send("HEAD", url, self._limits.manifest_bytes)
            if answer.status == 401:
                token = self._token(image, base, answer.headers.get("WWW-Authenticate", ""))
                answer = self._send("HEAD", url, self._limits.manifest_bytes, token)
            found = answer.headers.get("Docker-Content-Digest", "")
            if answer.status == 405 or (answer.status == 200 and not found):
                answer = self._send("GET", url, self._limits.manifest_bytes, token)
                found = _digest_of(host, answer.body) if answer.status == 200 else ""
            return _judged(host, image, answer.status, found)
        except NoAnswerError as trouble:
            self._strike(host, trouble)
            raise
        finally:
            self._waited[host] = self._waited.get(host, 0) + time.monotonic() - began

    def _check_limits(self, image: ImageName) -> None:
        """Refuse a question beyond the bounds: a workflow may name any number of slow hosts."""
        host, limits = image.host, self._limits
        if len(self._known) >= limits.most_images:
            most = f"more than {limits.most_images} images are not asked for in one run"
            raise NoAnswerError(GapReason.UNSUPPORTED, f"{image.name}: {most}.")
        if host in self._closed:
            raise self._closed[host]
        if self._waited.get(host, 0) > limits.host_seconds:
            said = f"{host} took over {limits.host_seconds:.0f} seconds in this run"
            raise NoAnswerError(GapReason.UNAVAILABLE, f"{said}: run again later.")
        if sum(self._waited.values()) > limits.run_seconds:
            said = f"{host} is not asked: registries took over {limits.run_seconds:.0f} seconds"
            raise NoAnswerError(GapReason.UNAVAILABLE, f"{said} in this run.")

    def _token(self, image: ImageName, base: str, challenge: str) -> str:
        """The token for anybody, from where the registry says; "" where it gives none.

        https://distribution.github.io/distribution/spec/auth/token/
        """
        parts = dict(_CHALLENGE.findall(challenge))
        realm = str(parts.get("realm", ""))
        if not challenge.lower().startswith("bearer ") or not realm:
            return ""
        _check_realm(image.host, realm, base)
        query = {"service": parts.get("service", ""), "scope": f"repository:{image.name}:pull"}
        mark = "&" if "?" in realm else "?"
        address = f"{realm.partition('#')[0]}{mark}{urlencode(query)}"
        answer = self._send("GET", address, self._limits.token_bytes)
        if answer.status != 200:
            return ""
        try:
            body = parse_json(answer.body.decode("utf-8"), most=1_000)
        except ValueError:
            return ""
        given = body.get("token") or body.get("access_token") if isinstance(body, dict) else ""
        return given if isinstance(given, str) and _TOKEN.fullmatch(given) else ""

    def _send(self, verb: str, url: str, most: int, token: str = "") -> _RegistryAnswer:
        host = urlsplit(url).netloc
        try:
            return within(self._limits.answer_seconds, lambda: self._ask(verb, url, most, token))
        except TooSlowError:
            seconds = f"{self._limits.answer_seconds:.0f} seconds"
            raise NoAnswerError(
                GapReason.UNAVAILABLE, f"{host} took over {seconds} to answer: run again later."
            ) from None
        except TooLargeError:
            said = f"{host} answered with over {most} bytes, which are not read."
            raise NoAnswerError(GapReason.TOO_LARGE, said) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NoAnswerError(
                GapReason.UNAVAILABLE,
                f"{host} gave no whole answer ({type(error).__name__}): check the network.",
            ) from None

    def _ask(self, verb: str, url: str, most: int, token: str) -> _RegistryAnswer:
        headers = {"Accept": ", ".join(_KINDS), "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = (self._limits.connect_seconds, self._limits.read_seconds)
        # An auth that adds nothing keeps requests from taking one out of ~/.netrc.
        with self._session.request(
            verb, url, headers=headers, timeout=timeout, stream=True, auth=lambda asked: asked
        ) as response:
            is_read = verb == "GET" and response.status_code == 200
            body = body_of(response, most) if is_read else b""
            return _RegistryAnswer(response.status_code, response.headers, body)

    def _strike(self, host: str, trouble: NoAnswerError) -> None:
        """Count a failure; a host that fails time after time, or asks for a pause, gets no more
        questions in this run.
        """
        if trouble.reason is GapReason.RATE_LIMITED:
            self._closed[host] = trouble
        if trouble.reason is GapReason.UNAVAILABLE:
            self._strikes[host] = self._strikes.get(host, 0) + 1
        if self._strikes.get(host, 0) >= _STRIKES:
            said = f"{host} failed {_STRIKES} times and gets no more requests: run again later."
            self._closed[host] = NoAnswerError(GapReason.UNAVAILABLE, said)


def _judged(host: str, image: ImageName, status: int, found: str) -> str | None:
    """The digest of a whole answer, None for an image that is not there."""
    if status == 200:
        if _DIGEST.fullmatch(found):
            return found
        raise NoAnswerError(GapReason.INVALID, f"{host} names no sha256 digest of {image.name}.")
    if status == 404:
        return None
    if status in {401, 403}:
        said = f"{host} shows {image.name} to nobody without an account: it is private or not there"
        raise NoAnswerError(GapReason.FORBIDDEN, f"{said}.")
    if status == 429:
        raise NoAnswerError(
            GapReason.RATE_LIMITED, f"{host} asks for fewer requests: run again later."
        )
    if 300 <= status < 400:
        said = f"{host} sends the request on to another host, which is not followed"
        raise NoAnswerError(GapReason.UNSUPPORTED, f"{said}.")
    raise NoAnswerError(
        GapReason.UNAVAILABLE, f"{host} answered with error {status}: run again later."
    )


def _digest_of(host: str, body: bytes) -> str:
    """The digest of a manifest, which is that of its bytes."""
    try:
        manifest = parse_json(body.decode("utf-8"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("schemaVersion") != 2:
        raise NoAnswerError(GapReason.INVALID, f"{host} answered with what is no manifest.")
    return f"sha256:{sha256(body).hexdigest()}"


def _check_realm(host: str, realm: str, base: str) -> None:
    """Refuse to ask for a token anywhere but at the registry itself, or on the public internet."""
    refused = NoAnswerError(
        GapReason.UNSUPPORTED, f"{host} sends for a token to an address that is not asked."
    )
    if not _REALM.fullmatch(realm):
        raise refused
    scheme, place = urlsplit(realm)[:2]
    if (scheme, place) == urlsplit(base)[:2]:
        return
    if scheme != "https":
        raise refused
    _check_public(place)


def _check_public(netloc: str) -> None:
    """Refuse hosts that are not on the public internet."""
    host = netloc.partition(":")[0].lower().rstrip(".")
    refused = NoAnswerError(
        GapReason.UNSUPPORTED,
        f"{netloc} is not on the public internet, and is not asked: give its address by "
        f"--registry {netloc}=URL where it may be.",
    )
    if "." not in host or host.endswith(_HIDDEN) or host.rpartition(".")[2].isdecimal():
        raise refused
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return  # not known now: the request says so
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    if not all(each.is_global and not each.is_multicast for each in addresses):
        raise refused


def _unseen(reason: str) -> Unseen:
    return Unseen(need=Need.REFERENCES, reason=reason)
