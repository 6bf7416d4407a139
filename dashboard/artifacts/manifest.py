"""The manifest of a model file: its one spelling, and what it must hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from components.artifacts.types import Fault
from dashboard.artifacts.files import RefusedError

DOMAIN = b"plumbline-model-manifest/v1\0"
ED25519, HMAC_SHA256 = "ed25519", "hmac-sha256"
SUFFIX = ".manifest.json"
MOST_BYTES = 65_536
_DIGEST = r"^[0-9a-f]{64}$"


class Manifest(BaseModel):
    """What was signed about one file; every field is there, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["plumbline-model-manifest/v1"] = Field(alias="schema")
    algorithm: Literal["ed25519", "hmac-sha256"]
    model_id: str = Field(min_length=1)
    model_version: str = Field(min_length=1)
    role: str = Field(min_length=1)
    environment: str = Field(min_length=1)
    file: str = Field(min_length=1)
    sha256: str = Field(pattern=_DIGEST)
    size: int = Field(gt=0, strict=True)
    feature_schema_sha256: str = Field(pattern=_DIGEST)
    training_run: str = Field(min_length=1)
    created: AwareDatetime
    not_after: AwareDatetime
    key_id: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest as it stands beside its file: the text's content, its meaning, its signature."""

    raw: Mapping[str, Any]
    manifest: Manifest
    signature: str

    @property
    def covered(self) -> bytes:
        """What the signature covers: the domain, then the manifest in its one spelling."""
        return DOMAIN + canonical_json(self.raw)


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Keys in order, no blanks, UTF-8.

    Raises:
        UnicodeEncodeError: a text holds half of a surrogate pair.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def parse(content: bytes, name: str) -> Signed:
    """Read what stands beside a file.

    Raises:
        RefusedError: it is no JSON, a key stands there twice, a field is missing, unknown or
            unusable, or there is no signature.
    """
    document = _document(content, name)
    if set(document) - {"manifest", "signature"} or not isinstance(document.get("manifest"), dict):
        raise _unsound(name, "it does not hold one manifest and its signature, and nothing else")
    raw: dict[str, Any] = document["manifest"]
    try:
        manifest = Manifest.model_validate(raw)
        canonical_json(raw)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the manifest"
        raise _unsound(name, f"{where}: {fault['msg'].lower()}") from None
    except UnicodeEncodeError:
        raise _unsound(name, "a text in it is no Unicode") from None
    signature = document.get("signature")
    if not isinstance(signature, str) or not signature:
        raise RefusedError(Fault.SIGNATURE_MISSING, f"{name} carries no signature")
    return Signed(raw, manifest, signature)


def _document(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_number,
            parse_float=_refuse_number,
        )
    except (ValueError, RecursionError):
        raise _unsound(name, "it is no plain JSON text, or a key stands in it twice") from None
    if not isinstance(found, dict):
        raise _unsound(name, "it is no JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no whole number")


def _unsound(name: str, why: str) -> RefusedError:
    return RefusedError(Fault.MANIFEST_UNSOUND, f"{name} cannot be used: {why}")
