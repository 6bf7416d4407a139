"""Model files on the page: key numbers, what failed, every file, and the ways back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import pandas as pd
import streamlit as st

from components.artifacts.assess import VersionFile
from components.artifacts.assess_history import DEMOTE, ROLLBACK, Practice
from components.artifacts.types import (
    CANDIDATE,
    PRODUCTION,
    ROLES,
    Check,
    Fault,
    Inspection,
    Readiness,
)
from components.gates.status import Status
from components.layout import badge, numbers, states, table
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles

_NEXT = {
    PRODUCTION: "Follow the emergency-demote runbook: restore the last verified model.",
    CANDIDATE: "Do not promote it. Build and sign the candidate again for its role.",
    "rollback": "Find another verified version to go back to, today.",
    "retired": "Restore the file from the backup; find out who could write it.",
}


def headline(
    found: Inspection | None,
    ready: Readiness | None,
    drills: Sequence[Practice],
    limits: dict[str, float | None],
    as_of: datetime,
) -> None:
    """Six numbers: files, production, candidate, way back, and the two drills."""
    tiles(
        [
            _files(found),
            _role(found, PRODUCTION, "Production"),
            _role(found, CANDIDATE, "Candidate"),
            _way_back(found, ready),
            *(_drill(item, limits.get(item.action), as_of) for item in drills),
        ],
        key="artifact_tiles",
    )


def _files(found: Inspection | None) -> Tile:
    meaning = help_for("Signature")
    if found is None:
        return Tile("Files sound", numbers.MISSING, "none verified", help=meaning)
    sound = len(found.checks) - len(found.failed)
    return Tile(
        "Files sound",
        f"{sound} of {len(found.checks)}",
        note="read and verified now" if found.live else f"recorded {numbers.day(found.at)}",
        status=Status.FAIL if found.failed else Status.PASS,
        help=meaning,
    )


def _role(found: Inspection | None, role: str, label: str) -> Tile:
    checks = found.of(role) if found is not None else ()
    if not checks:
        return Tile(label, numbers.MISSING, "no file", status=Status.NO_DATA)
    failed = [check for check in checks if not check.sound]
    return Tile(
        label,
        checks[0].model_version,
        note=_fault_words(failed[0]) if failed else "signature and bytes hold",
        status=Status.FAIL if failed else Status.PASS,
    )


def _fault_words(check: Check) -> str:
    return f"refused: {check.fault or ''}"


def _way_back(found: Inspection | None, ready: Readiness | None) -> Tile:
    meaning = help_for("Rollback target")
    if found is None or ready is None:
        return Tile("Way back", numbers.MISSING, "none registered", status=Status.NO_DATA,
                    help=meaning)  # fmt: skip
    return Tile(
        "Way back",
        ready.model_version,
        note=ready.probe.value,
        status=Status.PASS if ready.ready else Status.FAIL,
        help=meaning,
    )


def _drill(item: Practice, limit: float | None, as_of: datetime) -> Tile:
    label = {ROLLBACK: "Rollback practised", DEMOTE: "Demotion practised"}[item.action]
    meaning = help_for("Drill")
    if item.last is None or item.age_days is None:
        return Tile(label, numbers.MISSING, "never on record", status=Status.NO_DATA, help=meaning)
    note = f"limit {limit:.0f} days" if limit is not None else ""
    return Tile(
        label,
        numbers.age(item.last.at, as_of),
        note=note,
        status=drill_status(item, limit),
        help=meaning,
    )


def drill_status(item: Practice, limit: float | None) -> Status:
    """A drill against its limit; one that never took place is no data."""
    if item.age_days is None or limit is None:
        return Status.NO_DATA
    return Status.PASS if item.age_days <= limit else Status.FAIL


def failures(files: Sequence[VersionFile]) -> None:
    """Each refused file: which, why exactly, and what to do."""
    failed = [item for item in files if item.check is not None and not item.check.sound]
    if not failed:
        return
    st.header("Integrity failures", anchor=False)
    lines = "".join(_failure(item) for item in failed)
    st.container(key="artifact_failures").html(f'<ul class="pl-list">{lines}</ul>')


def _failure(item: VersionFile) -> str:
    check = item.check
    assert check is not None
    reason = check.reason[:1].upper() + check.reason[1:]
    return (
        f"<li>{badge.status_html(Status.FAIL, small=True)}"
        f"<div><strong>{escape(check.path)}</strong> "
        f"{escape(check.model_version)}, {escape(check.role)}"
        f"<p>INTEGRITY FAILURE: {escape(reason)}.</p>"
        f'<p class="pl-quiet">{escape(_next_step(check))}</p></div></li>'
    )


def _next_step(check: Check) -> str:
    if check.fault is Fault.EXPIRED and check.role != PRODUCTION:
        return "Sign it again, if it is still to be used."
    return _NEXT.get(check.role, "Ask the owner of the file.")


def problems(found: Inspection | None, *, beside: bool) -> None:
    """What is configured so that a verification says less than it could."""
    for sentence in found.problems if found is not None else ():
        states.notice(sentence)
    if beside:
        states.notice(
            "The list of trusted keys lies in the models' own folder. A key cannot be replaced "
            "there, its name is its fingerprint; but whoever can write models can add one."
        )


def listing(files: Sequence[VersionFile]) -> None:
    """Every file with everything that is known of it."""
    frame = pd.DataFrame(
        [
            (
                badge.status_text(item.status),
                item.row.model_version,
                item.row.role,
                item.row.path,
                item.check.reason if item.check else "never verified",
                item.check.signature.value if item.check else "not checked",
                item.row.key_id or numbers.MISSING,
                item.check.algorithm or numbers.MISSING if item.check else numbers.MISSING,
                item.row.signed_at,
                item.row.not_after,
                item.training.run_id if item.training else numbers.MISSING,
                item.training.trained_by if item.training else numbers.MISSING,
                item.last_sound,
                item.row.size_bytes,
                item.row.sha256,
            )
            for item in files
        ],
        columns=[
            "State",
            "Version",
            "Role",
            "File",
            "Finding",
            "Signature",
            "Key",
            "Algorithm",
            "Signed",
            "Valid until",
            "Training run",
            "Trained by",
            "Last known sound",
            "Bytes",
            "SHA-256",
        ],
    )
    days = st.column_config.DatetimeColumn(format="D MMM YYYY", timezone="UTC")
    table.records(
        frame,
        key="artifact_files",
        title="Model files",
        columns={
            "Signed": days,
            "Valid until": days,
            "Last known sound": days,
            "Finding": st.column_config.TextColumn(width="large"),
        },
    )


def ways_back(found: Inspection | None) -> None:
    """Each version in use: are its files sound, does it load, does it score as it did?"""
    if found is None or not found.readiness:
        states.empty(
            "No version was tried out.", "Configure the folder of model files, or verify them."
        )
        return
    frame = pd.DataFrame(
        [
            (
                badge.status_text(_readiness_status(item)),
                item.model_version,
                item.role,
                f"{item.sound_files} of {item.files}",
                _loads(item.loadable),
                item.probe.value,
                item.sentence,
            )
            for item in sorted(found.readiness, key=lambda one: ROLES.index(one.role))
        ],
        columns=["State", "Version", "Role", "Files sound", "Loads", "Scoring", "Detail"],
    )
    table.records(
        frame,
        key="artifact_readiness",
        title="Readiness of versions in use",
        columns={"Detail": st.column_config.TextColumn(width="large")},
        height="content",
    )


def harm(gates: Sequence[tuple[str, Status, str]]) -> None:
    """Would a way out have been right more often? Each gate's title, status and sentence."""
    for title, status, sentence in gates:
        st.html(f"{badge.status_html(status, small=True)} <strong>{escape(title)}</strong>")
        st.markdown(sentence)


def _readiness_status(item: Readiness) -> Status:
    if item.loadable is None and item.sound_files == item.files:
        return Status.NO_DATA
    return Status.PASS if item.ready else Status.FAIL


def _loads(loadable: bool | None) -> str:
    if loadable is None:
        return "pickle only"
    return "yes" if loadable else "no"
