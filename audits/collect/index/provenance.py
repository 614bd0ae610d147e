"""Reads provenance objects (PEP 740) as an index serves them.

They hold who published, and what the signing certificate claims. Nothing is verified here: the
index did that at upload.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, field

from audits.model.evidence import Provenance, PublisherKind
from audits.model.storable import read_json

if TYPE_CHECKING:
    from pypi_attestations import Attestation

_PREFIX = "1.3.6.1.4.1.57264.1."
_FIELDS = {
    "9": "build_signer",
    "11": "runner",
    "13": "commit",
    "14": "ref",
    "15": "repository_id",
    "17": "owner_id",
    "18": "build_config",
    "20": "event",
    "21": "run_url",
}
"""Fields by the last number of Fulcio's object identifiers:
https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
"""
_LONGEST = 500
_MOST = 50
"""Bundles of an object, and attestations of a bundle: real ones hold one or two."""


class ProvenanceReading(Struct, frozen=True, kw_only=True):
    """What was read of one object, and a sentence for each part that could not be."""

    provenance: tuple[Provenance, ...]
    problems: tuple[str, ...] = ()


class _Signed(Struct, kw_only=True):
    """What the attestations of one bundle say together."""

    claims: dict[str, str] = field(default_factory=dict)
    predicates: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    attestations: int = 0


def read_provenance(data: object, *, sha256: str = "") -> ProvenanceReading:
    """The bundles of a provenance object, one `Provenance` for each publisher.

    ``sha256`` is the file's digest as the index lists it; an attestation for another file is
    a problem and says nothing. Unknown kinds and keys are read as far as they go.
    """
    bundles = data.get("attestation_bundles") if isinstance(data, Mapping) else None
    if not isinstance(bundles, list):
        return ProvenanceReading(provenance=(), problems=("it holds no attestation bundles",))
    if isinstance(data, Mapping) and data.get("version") != 1:
        return ProvenanceReading(
            provenance=(), problems=("it is of a version that is not known here",)
        )
    if len(bundles) > _MOST:
        return ProvenanceReading(provenance=(), problems=("it holds too many bundles",))
    found: list[Provenance] = []
    problems: list[str] = [] if bundles else ["its list of attestation bundles is empty"]
    for bundle in bundles:
        publisher = bundle.get("publisher") if isinstance(bundle, Mapping) else None
        if not isinstance(publisher, Mapping):
            problems.append("a bundle names no publisher")
            continue
        signed = _signed(bundle.get("attestations"), sha256)
        problems += signed.problems
        if signed.attestations:
            found.append(_provenance(publisher, signed))
    return ProvenanceReading(provenance=tuple(found), problems=tuple(dict.fromkeys(problems)))


def _text(value: object) -> str:
    """A string as it stands, shortened to what a name can be; anything else is nothing."""
    return value[:_LONGEST] if isinstance(value, str) else ""


def _provenance(publisher: Mapping[str, object], signed: _Signed) -> Provenance:
    try:
        kind = PublisherKind(_text(publisher.get("kind")))
    except ValueError:
        kind = PublisherKind.OTHER
    repository = publisher.get("repository")
    if kind is PublisherKind.GOOGLE:
        repository = publisher.get("email")
    return Provenance(
        kind=kind,
        repository=_text(repository),
        workflow=_text(publisher.get("workflow") or publisher.get("workflow_filepath")),
        environment=_text(publisher.get("environment")),
        predicate_types=tuple(dict.fromkeys(signed.predicates)),
        **signed.claims,
    )


def _signed(attestations: object, sha256: str) -> _Signed:
    signed = _Signed()
    if not isinstance(attestations, list) or not attestations:
        signed.problems.append("a bundle holds no attestations")
        return signed
    if len(attestations) > _MOST:
        signed.problems.append("a bundle holds too many attestations")
        return signed
    for raw in attestations:
        try:
            predicate, claims = _read_attestation(raw, sha256)
        except _UnreadableError as error:
            signed.problems.append(str(error))
            continue
        signed.attestations += 1
        signed.predicates += [predicate] if predicate else []
        # Attestations of one bundle are signed by one publisher; where two runs made them,
        # the first speaks, and the other is stated rather than mixed in.
        if signed.claims and claims and claims != signed.claims:
            signed.problems.append("its attestations were signed in different runs")
        signed.claims = signed.claims or claims
    return signed


class _UnreadableError(Exception):
    pass


def _read_attestation(raw: object, sha256: str) -> tuple[str, dict[str, str]]:
    """The predicate's type and the certificate's claims by field."""
    from pypi_attestations import Attestation  # half a second: only where there is provenance

    try:
        attestation = Attestation.model_validate(raw)
        statement = attestation.statement
    except (ValueError, TypeError, RecursionError):
        raise _UnreadableError("an attestation is not of the published shape") from None
    if not isinstance(statement, Mapping):
        raise _UnreadableError("an attestation's statement is no object")
    if sha256 and sha256 not in set(_digests(statement)):
        raise _UnreadableError("an attestation is for another file")
    return _text(statement.get("predicateType")), _named(_claims(attestation))


def _digests(statement: Mapping[str, object], kind: str = "sha256") -> Iterator[str]:
    subjects = statement.get("subject")
    for subject in subjects if isinstance(subjects, list) else []:
        digest = subject.get("digest") if isinstance(subject, Mapping) else None
        if isinstance(digest, Mapping):
            yield _text(digest.get(kind)).lower()


def _claims(attestation: Attestation) -> dict[str, str]:
    """The certificate's claims by the last number of their identifier."""
    try:
        claims = attestation.certificate_claims
    except Exception as error:  # parsers of untrusted certificates raise what they like
        raise _UnreadableError(
            f"an attestation's certificate cannot be read ({type(error).__name__})"
        ) from None
    return {oid.removeprefix(_PREFIX): _text(text) for oid, text in claims.items()}


def _named(claims: Mapping[str, str]) -> dict[str, str]:
    """Claims by the field of `Provenance` that holds them."""
    return {name: claims[number] for number, name in _FIELDS.items() if number in claims}


def read_sigstore_bundles(data: object, *, sha512: str = "") -> ProvenanceReading:
    """Attestations as npm serves them: Sigstore bundles, of which the publisher's holds a
    certificate and the registry's own only a key. The environment is not among the claims.

    ``sha512`` is the file's digest as the registry lists it; an attestation for another file is
    a problem and says nothing.
    """
    listed = data.get("attestations") if isinstance(data, Mapping) else None
    found: list[Provenance] = []
    problems: list[str] = []
    for entry in listed[:_MOST] if isinstance(listed, list) else []:
        bundle = entry.get("bundle") if isinstance(entry, Mapping) else None
        if not isinstance(bundle, Mapping) or not (certificate := _bundled_certificate(bundle)):
            continue
        if sha512 and sha512 not in set(_digests(_enclosed(bundle), "sha512")):
            problems.append("an attestation is for another file")
            continue
        try:
            predicate = _text(entry.get("predicateType"))
            found.append(_from_certificate(certificate, predicate))
        except _UnreadableError as error:
            problems.append(str(error))
    if not found and not problems:
        problems.append("it holds no attestation with a certificate")
    return ProvenanceReading(provenance=tuple(found), problems=tuple(problems))


def _enclosed(bundle: Mapping[str, object]) -> Mapping[str, object]:
    """The statement inside a bundle's DSSE envelope; an empty one where there is none."""
    envelope = bundle.get("dsseEnvelope")
    payload = envelope.get("payload") if isinstance(envelope, Mapping) else None
    try:
        statement = read_json(b64decode(payload)) if isinstance(payload, str) else None
    except (ValueError, RecursionError):
        return {}
    return statement if isinstance(statement, Mapping) else {}


def _bundled_certificate(bundle: Mapping[str, object]) -> bytes:
    """The signing certificate of a bundle, in either place that bundles have for it."""
    material = bundle.get("verificationMaterial")
    if not isinstance(material, Mapping):
        return b""
    single, chain = material.get("certificate"), material.get("x509CertificateChain")
    listed = chain.get("certificates") if isinstance(chain, Mapping) else None
    first = listed[0] if isinstance(listed, list) and listed else single
    raw = first.get("rawBytes") if isinstance(first, Mapping) else None
    try:
        return b64decode(raw) if isinstance(raw, str) else b""
    except ValueError:
        return b""


def _from_certificate(certificate: bytes, predicate: str) -> Provenance:
    from pypi_attestations import Attestation, VerificationMaterial

    # The library decodes claims of whole attestations of PEP 740 only; npm's have another
    # envelope around the same certificate.
    material = VerificationMaterial.model_construct(certificate=certificate)
    attestation = Attestation.model_construct(verification_material=material)
    claims = _claims(attestation)
    named = _named(claims)
    parts = _address(claims.get("12", ""))
    kind = {"github.com": PublisherKind.GITHUB, "gitlab.com": PublisherKind.GITLAB}.get(
        parts.netloc
    )
    return Provenance(
        kind=kind or PublisherKind.OTHER,
        repository=_text(parts.path.strip("/")),
        workflow=named.get("build_config", "").partition("@")[0].rpartition("/")[2],
        predicate_types=(predicate,) if predicate else (),
        **named,
    )


def _address(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
