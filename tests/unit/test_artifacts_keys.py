"""Whose signatures count: the allow-list, its own soundness, and secrets that are long enough."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from components.artifacts.types import Fault
from dashboard.artifacts.keys import key_ring
from tests.unit.artifact_shelf import SECRET, Shelf, hmac_signed


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf.new(tmp_path / "models")


def pem(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def test_a_key_that_is_not_on_the_list(shelf: Shelf, tmp_path: Path) -> None:
    stranger = Shelf.new(tmp_path / "stranger")
    row = shelf.production()

    found = shelf.verify(row, keys=key_ring(stranger.folder / "keys", {}))

    assert found.check.fault is Fault.KEY_UNKNOWN
    assert str(row.key_id) in found.check.reason


def test_no_list_at_all(shelf: Shelf, tmp_path: Path) -> None:
    row = shelf.production()

    for keys in (key_ring(None, {}), key_ring(tmp_path / "missing", {})):
        assert shelf.verify(row, keys=keys).check.fault is Fault.KEY_UNKNOWN


def test_a_stranger_signs_under_the_name_of_a_trusted_key(shelf: Shelf, tmp_path: Path) -> None:
    """The manifest names the trusted key, the signature is a stranger's."""
    row = shelf.production()
    stranger = Shelf.new(tmp_path / "stranger")
    forged = stranger.resign(row, sha256="0" * 64)
    shelf.beside(row.path, forged.manifest, str(forged.signature))

    assert shelf.verify(forged).check.fault is Fault.SIGNATURE_WRONG


def test_another_key_under_the_same_file_name(shelf: Shelf, tmp_path: Path) -> None:
    """Whoever can write into the list still cannot replace a key: its name is its fingerprint."""
    row = shelf.production()
    stranger = Shelf.new(tmp_path / "stranger")
    theirs = next((stranger.folder / "keys").iterdir()).read_bytes()
    next((shelf.folder / "keys").iterdir()).write_bytes(theirs)
    forged = stranger.resign(row, key_id=row.key_id)
    shelf.beside(row.path, forged.manifest, str(forged.signature))

    found = shelf.verify(forged)

    assert found.check.fault is Fault.KEY_UNSOUND
    assert "fingerprint" in found.check.reason


def test_keys_that_are_none(shelf: Shelf) -> None:
    keys = shelf.folder / "keys"
    (keys / "empty.pub.pem").write_bytes(b"")
    (keys / "elliptic.pub.pem").write_bytes(pem(generate_private_key(SECP256R1())))
    (keys / "short.pub.pem").write_bytes(pem(Ed25519PrivateKey.generate()))
    (keys / "linked.pub.pem").symlink_to(next(keys.iterdir()))

    found = key_ring(keys, {})

    assert set(found.keys) == {shelf.signer.key_id}
    assert set(found.unsound) == {"empty", "elliptic", "short", "linked"}
    assert "not of the kind Ed25519" in found.unsound["elliptic"]


def test_a_secret_counts_only_where_the_owner_configured_it(shelf: Shelf) -> None:
    row = hmac_signed(shelf, shelf.production(), "office", bytes.fromhex(SECRET))

    assert shelf.verify(row).check.fault is Fault.KEY_UNKNOWN
    with_secret = shelf.verify(row, keys=key_ring(None, {"office": SECRET}))
    assert with_secret.check.sound
    assert with_secret.check.algorithm == "hmac-sha256"


def test_a_wrong_secret(shelf: Shelf) -> None:
    row = hmac_signed(shelf, shelf.production(), "office", b"\1" * 32)

    found = shelf.verify(row, keys=key_ring(None, {"office": SECRET}))

    assert found.check.fault is Fault.SIGNATURE_WRONG


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "0 bytes long"),
        ("00" * 31, "31 bytes long, at least 32"),
        ("not hexadecimal", "hexadecimal"),
        ("0", "hexadecimal"),
    ],
)
def test_a_secret_that_is_too_short_or_none(shelf: Shelf, secret: str, words: str) -> None:
    """A MAC under an empty key is one that everybody can make."""
    known = bytes.fromhex(secret) if words.startswith(("0", "31")) else b""
    row = hmac_signed(shelf, shelf.production(), "office", known)

    found = shelf.verify(row, keys=key_ring(None, {"office": secret}))

    assert found.check.fault is Fault.KEY_UNSOUND
    assert words in found.check.reason


def test_a_public_key_is_never_used_as_a_secret(shelf: Shelf) -> None:
    """Algorithm confusion: a MAC made with the public key's own bytes, which everybody has."""
    row = shelf.production()
    raw = next((shelf.folder / "keys").iterdir()).read_bytes()
    forged = hmac_signed(shelf, row, str(row.key_id), raw)

    found = shelf.verify(forged)

    assert found.check.fault is Fault.SIGNATURE_WRONG
    assert "its key is of ed25519" in found.check.reason


def test_one_id_for_a_public_key_and_a_secret_is_neither(shelf: Shelf) -> None:
    row = shelf.production()

    found = shelf.verify(row, keys=key_ring(shelf.folder / "keys", {str(row.key_id): SECRET}))

    assert found.check.fault is Fault.KEY_UNSOUND


def test_a_secret_is_not_shown(shelf: Shelf) -> None:
    assert SECRET not in repr(key_ring(None, {"office": SECRET}))
    assert "5e5e" not in repr(key_ring(None, {"office": SECRET}))
