"""What a verification found, and what a model file is able to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PRODUCTION, CANDIDATE, ROLLBACK, RETIRED = "production", "candidate", "rollback", "retired"
ROLES = (PRODUCTION, ROLLBACK, CANDIDATE, RETIRED)


class Fault(StrEnum):
    """Why a file is refused; each is an integrity failure, and none can be switched off."""

    NO_MANIFEST = "no manifest"
    MANIFEST_UNSOUND = "unusable manifest"
    SIGNATURE_MISSING = "not signed"
    SIGNATURE_WRONG = "wrong signature"
    KEY_UNKNOWN = "unknown key"
    KEY_UNSOUND = "unusable key"
    REVOKED = "revoked"
    REVOCATIONS_UNREADABLE = "no revocation list"
    WRONG_MODEL = "another model"
    WRONG_VERSION = "another version"
    WRONG_ROLE = "another role"
    WRONG_ENVIRONMENT = "another environment"
    WRONG_FILE = "another file"
    WRONG_FEATURES = "other features"
    EXPIRED = "expired"
    NOT_YET_VALID = "from the future"
    NOT_AS_REGISTERED = "not as registered"
    FILE_MISSING = "no file"
    FILE_UNUSABLE = "not a regular file"
    WRONG_SIZE = "wrong size"
    WRONG_DIGEST = "altered"


class Signature(StrEnum):
    """What is known of a signature."""

    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One verification of one file.

    ``fault`` is empty where everything held; ``reason`` then says what was checked. ``signature``
    speaks of the manifest alone: it can be valid where the file's bytes are not.
    """

    model_version: str
    role: str
    path: str
    checked_at: datetime
    fault: Fault | None
    reason: str
    signature: Signature
    key_id: str | None
    algorithm: str | None
    expected_sha256: str
    found_sha256: str | None = None

    @property
    def sound(self) -> bool:
        """Whether the file is what was signed, for this role, now."""
        return self.fault is None


class ProbeState(StrEnum):
    """What came of scoring one row with a loaded model."""

    REPRODUCED = "gives its recorded score"
    SCORED = "scores a row"
    DIFFERS = "gives another score"
    FAILED = "cannot score"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether one version could be put in service now.

    ``loadable`` is None where the version has no file in a native format: a pickle is verified
    and never loaded here.
    """

    model_version: str
    role: str
    files: int
    sound_files: int
    loadable: bool | None
    probe: ProbeState
    sentence: str

    @property
    def ready(self) -> bool:
        """Verified, loaded and able to score."""
        scored = self.probe in {ProbeState.REPRODUCED, ProbeState.SCORED}
        return self.files > 0 and self.sound_files == self.files and bool(self.loadable) and scored


@dataclass(frozen=True, slots=True)
class Inspection:
    """Every registered file as verified at one time; ``live`` if the files were read just now."""

    at: datetime
    checks: tuple[Check, ...]
    readiness: tuple[Readiness, ...]
    live: bool
    trusted_keys: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def of(self, role: str) -> tuple[Check, ...]:
        """The checks of one role."""
        return tuple(check for check in self.checks if check.role == role)

    @property
    def failed(self) -> tuple[Check, ...]:
        """Every file that was refused."""
        return tuple(check for check in self.checks if not check.sound)
