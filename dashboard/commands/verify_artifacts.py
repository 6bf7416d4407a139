"""``plumbline verify-artifacts``: every registered model file, verified and put on record."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
import sqlalchemy as sa

from components.artifacts.types import Check, Inspection, Readiness
from dashboard.artifacts import inspection, record
from dashboard.artifacts.probing import probes
from dashboard.settings import default_as_of, settings
from queries import artifacts
from queries.artifact_rows import ArtifactRow, ProbeRow
from queries.database import if_present, read, source_engine
from queries.errors import InvalidInputError, PlumblineError
from queries.scope import Scope

SOUND, FAILED, COULD_NOT = 0, 1, 2
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class _Report:
    found: Inspection
    run_id: str | None

    @property
    def exit_code(self) -> int:
        """Whether everything that could be tried held."""
        found = self.found
        sound = bool(found.checks) and not found.failed and not found.problems
        tried = all(item.ready for item in found.readiness if item.loadable is not None)
        return SOUND if sound and tried else FAILED


@click.command()
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
def command(*, style: str) -> None:
    """Verify every registered model file and try out the models in use.

    Reads the rows of model_artifacts and, in the folder PLUMBLINE_MODELS_DIR, each file and its
    manifest. Signatures count when their key is in PLUMBLINE_KEYS_DIR. Native files of models in
    use are loaded from the verified bytes and score the newest prediction again; pickles are
    never loaded. With PLUMBLINE_OWN_URL every result is added to the record. Run it from cron.

    Exit code: 0 every file is what was signed and the models in use score; 1 something failed,
    or no file is registered; 2 could not verify.
    """
    try:
        report = _verified()
    except PlumblineError as error:
        click.echo(f"plumbline: {error}", err=True)
        sys.exit(COULD_NOT)
    click.echo(_as_json(report) if style == "json" else _as_text(report))
    sys.exit(report.exit_code)


def _verified() -> _Report:
    url = settings().source_url
    if url is None:
        raise InvalidInputError("No database is named. Set PLUMBLINE_SOURCE_URL.")
    as_of = default_as_of(datetime.now(UTC))
    scope = Scope(start=as_of - timedelta(days=1), end=as_of, as_of=as_of)
    engine = source_engine(url.get_secret_value())
    try:
        rows, tried = read(engine, lambda connection: _asked(connection, scope))
    finally:
        engine.dispose()
    found = inspection.inspect(rows, tried, as_of, fresh=True)
    return _Report(found, record.inspection(found, record.SCHEDULED) if found.checks else None)


def _asked(
    connection: sa.Connection, scope: Scope
) -> tuple[tuple[ArtifactRow, ...], tuple[ProbeRow, ...]]:
    rows = artifacts.files(connection, scope).rows
    events = if_present(connection, lambda: artifacts.events(connection, scope).rows) or ()
    tried = if_present(connection, lambda: probes(connection, scope, rows, events)) or ()
    return rows, tried


def _as_text(report: _Report) -> str:
    found = report.found
    wide = max((len(check.path) for check in found.checks), default=0)
    lines = [line for check in found.checks for line in _check(check, wide)]
    lines += [_ready(item) for item in found.readiness]
    lines += list(found.problems)
    failed = len(found.failed)
    total = len(found.checks)
    if not total:
        lines.append("No model file is registered in model_artifacts.")
    elif failed:
        lines.append(f"INTEGRITY FAILURE in {failed} of {total} model files.")
    else:
        lines.append(f"All {total} model files are what was signed.")
    if report.run_id is not None:
        lines.append(f"Recorded as run {report.run_id}.")
    return "\n".join(lines)


def _check(check: Check, wide: int) -> list[str]:
    state = "sound " if check.sound else "FAILED"
    line = f"{state}  {check.path.ljust(wide)}  {check.role:<10}  {check.model_version}"
    if check.sound:
        return [line]
    indent = " " * 8
    return [
        line,
        *textwrap.wrap(
            f"{check.fault}: {check.reason}",
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ),
    ]


def _ready(item: Readiness) -> str:
    state = "ready    " if item.ready else "NOT READY"
    return f"{state}  {item.model_version} ({item.role}): {item.probe.value}; {item.sentence}"


def _as_json(report: _Report) -> str:
    found = report.found
    document = {
        "exit_code": report.exit_code,
        "run_id": report.run_id,
        "verified_at": found.at.isoformat(),
        "files": [
            {
                "model_version": check.model_version,
                "role": check.role,
                "path": check.path,
                "sound": check.sound,
                "fault": check.fault,
                "reason": check.reason,
                "signature": check.signature,
                "key_id": check.key_id,
                "algorithm": check.algorithm,
                "expected_sha256": check.expected_sha256,
                "found_sha256": check.found_sha256,
            }
            for check in found.checks
        ],
        "models": [
            {
                "model_version": item.model_version,
                "role": item.role,
                "ready": item.ready,
                "loadable": item.loadable,
                "probe": item.probe,
                "sentence": item.sentence,
            }
            for item in found.readiness
        ],
        "problems": list(found.problems),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
