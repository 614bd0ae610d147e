"""Provenance objects and pages of the published shape, certificates included, made here.

Signatures are of throw-away keys: indexes verify at upload, and readers only read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256, sha512

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

Json = dict[str, object]
_OID = "1.3.6.1.4.1.57264.1."
_NUMBERS = {
    "issuer": 8,
    "build_signer": 9,
    "build_signer_digest": 10,
    "runner": 11,
    "source": 12,
    "commit": 13,
    "ref": 14,
    "repository_id": 15,
    "owner": 16,
    "owner_id": 17,
    "build_config": 18,
    "build_config_digest": 19,
    "event": 20,
    "run_url": 21,
    "visibility": 22,
}
PUBLISH = "https://docs.pypi.example/attestations/publish/v1"
SLSA = "https://slsa.dev/provenance/v1"


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def utf8_string(text: str) -> bytes:
    """DER of a UTF8String, which is how Fulcio writes claims 8 and up."""
    body = text.encode()
    size = bytes([len(body)]) if len(body) < 128 else _long_length(len(body))
    return b"\x0c" + size + body


def _long_length(length: int) -> bytes:
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def certificate(claims: Mapping[str, str | bytes]) -> bytes:
    """DER of a certificate with these claims by name (or by number), as Fulcio issues them.

    Bytes are put in as they are, so that a test can plant what is no DER.
    """
    start = datetime(2026, 5, 4, 12, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]))
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(minutes=10))
    )
    for name, value in claims.items():
        number = _NUMBERS.get(name, name)
        der = value if isinstance(value, bytes) else utf8_string(value)
        oid = x509.ObjectIdentifier(f"{_OID}{number}")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, der), critical=False)
    signed = builder.sign(_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


class Run(Struct, frozen=True, kw_only=True):
    """A release run on GitHub, from which publisher and claims follow."""

    repository: str = "orchard-labs/lumen"
    workflow: str = "release.yml"
    environment: str | None = "pypi"
    ref: str = "refs/tags/v1.2.0"
    event: str = "release"
    runner: str = "github-hosted"
    commit: str = "c0ffee" + "0" * 34
    repository_id: str = "1001"
    owner_id: str = "77"
    run: int = 4711
    called: str = ""

    def publisher(self) -> Json:
        """The publisher as the index knows it."""
        return {
            "kind": "GitHub",
            "repository": self.repository,
            "workflow": self.workflow,
            "environment": self.environment,
            "claims": None,
        }

    def claims(self) -> dict[str, str | bytes]:
        """The claims of its signing certificate."""
        base = f"https://github.com/{self.repository}"
        config = f"{base}/.github/workflows/{self.workflow}@{self.ref}"
        return {
            "issuer": "https://token.actions.githubusercontent.example",
            "build_signer": self.called or config,
            "build_signer_digest": self.commit,
            "runner": self.runner,
            "source": base,
            "commit": self.commit,
            "ref": self.ref,
            "repository_id": self.repository_id,
            "owner": base.rpartition("/")[0],
            "owner_id": self.owner_id,
            "build_config": config,
            "build_config_digest": self.commit,
            "event": self.event,
            "run_url": f"{base}/actions/runs/{self.run}/attempts/1",
            "visibility": "public",
        }


def attestation(
    claims: Mapping[str, str | bytes],
    *,
    filename: str = "lumen-1.2.0.tar.gz",
    content: bytes = b"archive",
    predicate: str = PUBLISH,
) -> Json:
    """One attestation of a file, signed with a certificate of these claims."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": sha256(content).hexdigest()}}],
        "predicateType": predicate,
        "predicate": None,
    }
    text = json.dumps(statement, separators=(",", ":")).encode()
    signature = _key().sign(text, ec.ECDSA(hashes.SHA256()))
    return {
        "version": 1,
        "verification_material": {
            "certificate": _base64(certificate(claims)),
            "transparency_entries": [{"logIndex": "152", "kindVersion": {"kind": "dsse"}}],
        },
        "envelope": {"statement": _base64(text), "signature": _base64(signature)},
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def bundle(publisher: Mapping[str, object], attestations: Sequence[object]) -> Json:
    """An attestation bundle."""
    return {"publisher": dict(publisher), "attestations": list(attestations)}


def provenance_object(
    run: Run | None = None,
    *,
    publisher: Mapping[str, object] | None = None,
    claims: Mapping[str, str | bytes] | None = None,
    filename: str = "lumen-1.2.0.tar.gz",
    content: bytes = b"archive",
    predicates: Sequence[str] = (PUBLISH,),
) -> Json:
    """A provenance object of one bundle, for a run or for any publisher and claims."""
    run = run or Run()
    made = [
        attestation(
            run.claims() if claims is None else claims,
            filename=filename,
            content=content,
            predicate=predicate,
        )
        for predicate in predicates
    ]
    return {"version": 1, "attestation_bundles": [bundle(publisher or run.publisher(), made)]}


def npm_integrity(content: bytes = b"tarball") -> str:
    """A file's digest as an npm registry lists it."""
    return f"sha512-{_base64(sha512(content).digest())}"


def npm_attestations(run: Run, content: bytes = b"tarball", *, chain: bool = True) -> Json:
    """What an npm registry serves: its own signature with a key, and the run's certificate, in
    a bundle of version 0.2 (``chain``) or 0.3.
    """
    raw = {"rawBytes": _base64(certificate(run.claims()))}
    of = {"name": "pkg:npm/lumen@1.2.0", "digest": {"sha512": sha512(content).hexdigest()}}
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [of], "predicateType": SLSA}
    envelope = {
        "payload": _base64(json.dumps(statement).encode()),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": "", "keyid": ""}],
    }
    material = {"x509CertificateChain": {"certificates": [raw]}} if chain else {"certificate": raw}
    own = {"verificationMaterial": {"publicKey": {"hint": "key"}}, "dsseEnvelope": envelope}
    signed = {"verificationMaterial": material, "dsseEnvelope": envelope}
    publish = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
    return {
        "attestations": [
            {"predicateType": publish, "bundle": own},
            {"predicateType": SLSA, "bundle": signed},
        ]
    }
