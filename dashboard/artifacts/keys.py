"""Whose signatures count: an allow-list of keys by id, and what was revoked."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from components.artifacts.types import Fault
from dashboard.artifacts import files
from dashboard.artifacts.files import RefusedError
from dashboard.artifacts.manifest import ED25519, HMAC_SHA256

SUFFIX = ".pub.pem"
SMALLEST_SECRET = 32
SMALLEST_ID = 16
_MOST_BYTES = 16_384
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class Key(Protocol):
    """A key that can say whether a signature is its own."""

    @property
    def algorithm(self) -> str: ...

    def verifies(self, signature: bytes, message: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Ed25519: it can check a signature and cannot make one."""

    key: Ed25519PublicKey
    algorithm: str = ED25519

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the private half of this key signed the message."""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class SecretKey:
    """HMAC-SHA256: whoever holds it can also sign, so it is only used where the owner says so."""

    secret: bytes
    algorithm: str = HMAC_SHA256

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether somebody who holds the secret signed the message."""
        return hmac.compare_digest(hmac.digest(self.secret, message, "sha256"), signature)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The allow-list: keys that count, and those that stand there but cannot be used."""

    keys: Mapping[str, Key]
    unsound: Mapping[str, str]

    def of(self, key_id: str) -> Key:
        """The key of an id.

        Raises:
            RefusedError: the id is not on the list, or its key cannot be used.
        """
        if key_id in self.unsound:
            raise RefusedError(Fault.KEY_UNSOUND, f"key {key_id}: {self.unsound[key_id]}")
        if key_id not in self.keys:
            raise RefusedError(
                Fault.KEY_UNKNOWN, f"it is signed by key {key_id[:80]}, which is not allowed to"
            )
        return self.keys[key_id]


def key_ring(folder: Path | None, secrets: Mapping[str, str]) -> KeyRing:
    """Public keys of a folder (``ID.pub.pem``) and configured secrets (hexadecimal).

    An id of a public key is the beginning of the key's own SHA-256, so that no other key can
    take its place under the same name.
    """
    keys: dict[str, Key] = {}
    unsound: dict[str, str] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder is not None else ():
        key_id = path.name.removesuffix(SUFFIX)
        try:
            keys[key_id] = _public(files.read(path.parent, path.name, most=_MOST_BYTES), key_id)
        except RefusedError as error:
            unsound[key_id] = str(error)
    for key_id, text in secrets.items():
        if key_id in keys or key_id in unsound:
            keys.pop(key_id, None)
            unsound[key_id] = "a public key and a secret have the same id"
            continue
        try:
            keys[key_id] = _secret(text)
        except RefusedError as error:
            unsound[key_id] = str(error)
    return KeyRing(keys, unsound)


def _public(pem: bytes, key_id: str) -> Key:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise _refused("the file holds no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _refused("the key is not of the kind Ed25519")
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    if len(key_id) < SMALLEST_ID or not hashlib.sha256(raw).hexdigest().startswith(key_id):
        raise _refused("the key in the file is not the one that its name is the fingerprint of")
    return PublicKey(key)


def _secret(text: str) -> Key:
    secret = bytes.fromhex(text) if _HEX.fullmatch(text) else None
    if secret is None and text:
        raise _refused("the secret is not written in hexadecimal digits")
    length = len(secret or b"")
    if secret is None or length < SMALLEST_SECRET:
        raise _refused(f"the secret is {length} bytes long, at least {SMALLEST_SECRET} are needed")
    return SecretKey(secret)


def _refused(why: str) -> RefusedError:
    return RefusedError(Fault.KEY_UNSOUND, why)


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was withdrawn: key ids, file digests and model versions, each with its reason."""

    entries: Mapping[tuple[str, str], str]
    problem: str = ""

    def refuse(self, *, key_id: str, sha256: str, version: str) -> None:
        """Refuse what was withdrawn.

        Raises:
            RefusedError: one of the three was withdrawn, or the list cannot be read.
        """
        if self.problem:
            raise RefusedError(Fault.REVOCATIONS_UNREADABLE, self.problem)
        for kind, value in (("key", key_id), ("sha256", sha256), ("version", version)):
            reason = self.entries.get((kind, value))
            if reason is not None:
                words = f": {reason}" if reason else ""
                raise RefusedError(Fault.REVOKED, f"{kind} {value} was revoked{words}")


_KINDS = ("key", "sha256", "version")


def revocations(path: Path | None) -> Revocations:
    """The list as the owner keeps it: one ``key|sha256|version VALUE reason`` a line.

    Without a path nothing is revoked. A list that is named and cannot be read refuses
    everything.
    """
    if path is None:
        return Revocations({})
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return Revocations({}, "the revocation list cannot be read, so nothing can be trusted")
    entries: dict[tuple[str, str], str] = {}
    for number, line in enumerate(lines, start=1):
        kind, _, rest = line.partition("#")[0].strip().partition(" ")
        value, _, reason = rest.strip().partition(" ")
        if not kind:
            continue
        if kind not in _KINDS or not value:
            return Revocations({}, f"line {number} of the revocation list cannot be understood")
        entries[(kind, value)] = reason.strip()
    return Revocations(entries)
