"""Model files and their signed manifests (METHODS §6), with Ed25519 keys.

The private key is made for one build, lives in memory and is never written. The public key
lies beside the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DOMAIN = b"plumbline-model-manifest/v1\0"
MODEL_ID = "risk_model"

Manifest = Mapping[str, str | int]


def canonical_json(manifest: Manifest) -> bytes:
    """The one spelling of a manifest: keys in order, no blanks, UTF-8."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def signed_bytes(manifest: Manifest) -> bytes:
    """What a signature covers: the domain, then the manifest."""
    return DOMAIN + canonical_json(manifest)


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A model file and its signed manifest."""

    manifest: Manifest
    signature: str
    signed_at: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """What a manifest says of a model beside its bytes."""

    model_version: str
    role: str
    training_run: str
    feature_schema_sha256: str
    created: datetime
    not_after: datetime


class Signer:
    """Writes model files into one folder and signs what it wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = Ed25519PrivateKey.generate()
        public = self._key.public_key()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(raw).hexdigest()[:16]
        keys = folder / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (keys / f"{self.key_id}.pub.pem").write_bytes(pem)

    def write(self, name: str, content: bytes, origin: Origin) -> SignedFile:
        """Write a file and, beside it, its manifest with the signature."""
        (self._folder / name).write_bytes(content)
        manifest: Manifest = {
            "schema": "plumbline-model-manifest/v1",
            "algorithm": "ed25519",
            "model_id": MODEL_ID,
            "model_version": origin.model_version,
            "role": origin.role,
            "environment": "production",
            "file": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "feature_schema_sha256": origin.feature_schema_sha256,
            "training_run": origin.training_run,
            "created": origin.created.isoformat(),
            "not_after": origin.not_after.isoformat(),
            "key_id": self.key_id,
        }
        signature = self._key.sign(signed_bytes(manifest)).hex()
        beside = {"manifest": manifest, "signature": signature}
        text = json.dumps(beside, indent=2, sort_keys=True)
        (self._folder / f"{name}.manifest.json").write_text(text + "\n", encoding="utf-8")
        return SignedFile(manifest, signature, origin.created, origin.not_after)
