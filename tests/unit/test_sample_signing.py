"""Signed manifests, verified as a reader of the files would."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from dashboard.sample.signing import Origin, Signer

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
ORIGIN = Origin("xgb-1", "production", "run-xgb-1", "ab" * 32, WHEN, WHEN.replace(year=2028))


def _message(manifest: dict[str, object]) -> bytes:
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b"plumbline-model-manifest/v1\0" + text.encode()


@pytest.fixture
def signed(tmp_path: Path):
    Signer(tmp_path).write("model.ubj", b"some bytes", ORIGIN)
    beside = json.loads((tmp_path / "model.ubj.manifest.json").read_text())
    manifest = beside["manifest"]
    pem = (tmp_path / "keys" / f"{manifest['key_id']}.pub.pem").read_bytes()
    return load_pem_public_key(pem), manifest, bytes.fromhex(beside["signature"])


def test_a_signature_covers_domain_and_manifest(signed):
    key, manifest, signature = signed
    key.verify(signature, _message(manifest))
    with pytest.raises(InvalidSignature):
        key.verify(signature, _message(manifest).split(b"\0", 1)[1])


@pytest.mark.parametrize("field", ["role", "sha256", "not_after", "model_version"])
def test_no_field_can_be_changed(signed, field):
    key, manifest, signature = signed
    with pytest.raises(InvalidSignature):
        key.verify(signature, _message({**manifest, field: "other"}))


def test_a_manifest_describes_the_bytes(tmp_path: Path, signed):
    _, manifest, _ = signed
    content = (tmp_path / "model.ubj").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["size"] == len(content)


def test_no_private_key_is_written(tmp_path: Path, signed):
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 3
    assert not any(b"PRIVATE" in content for content in written)
