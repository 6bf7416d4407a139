"""``plumbline import``: results of other tools, judged again and kept beside our own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from pydantic import SecretStr

from dashboard.imports import dms, dvt
from dashboard.imports.reading import Results, from_file, from_table
from dashboard.reconcile.spec import load
from dashboard.settings import settings
from queries.database import own_engine
from queries.errors import InvalidInputError, PlumblineError
from queries.import_schema import imported_exceptions, imported_totals
from queries.import_store import append

EQUAL, DIFFERENT, COULD_NOT = 0, 1, 2
_MOST_SHOWN = 20

Command = Callable[..., int]


def _options(function: Command) -> Callable[..., None]:
    """A file or a table, and the specification; leaves with the code that the import gave."""

    @click.argument("file", required=False, type=click.Path(path_type=Path))
    @click.option("--table", metavar="NAME", help="Read this table of the source, not a file.")
    @click.option(
        "--spec",
        type=click.Path(path_type=Path),
        help="Specification of the reconciliation that the results belong to.",
    )
    @wraps(function)
    def run(**given: Any) -> None:
        try:
            code = function(**given)
        except PlumblineError as error:
            click.echo(f"plumbline: {error}", err=True)
            sys.exit(COULD_NOT)
        sys.exit(code)

    return run


@click.group(name="import")
def command() -> None:
    """Import another tool's results and judge them again, exactly.

    They are appended to the schema `plumbline` of the database that PLUMBLINE_OWN_URL names, all
    or none. Nothing is written to source or target.

    Exit code: 0 no differences; 1 differences; 2 could not import.
    """


@command.command(name="dvt")
@_options
def import_dvt(*, file: Path | None, table: str | None, spec: Path | None) -> int:
    """Results of Google's Data Validation Tool: a CSV FILE, or --table.

    Every difference is computed again in exact decimals. What the tool called success and is
    none, is named. With --spec, tables that it does not name are refused.
    """
    own_url = _url("own_url", "PLUMBLINE_OWN_URL", "where Plumbline may write its own schema")
    known = _relations(spec) if spec else None
    results = _read("dvt", file, table, dvt.COLUMNS)
    _check_tables(results, known)
    totals = dvt.judge(results)
    rows = [
        {
            "row_no": position,
            **{name: total.row[name] for name in dvt.COLUMNS},
            "exact_difference": total.difference,
            "judgement": total.judgement.value,
            "false_pass": total.false_pass,
            "false_alarm": total.false_alarm,
        }
        for position, total in enumerate(totals, start=1)
    ]
    number = _append(own_url, results, imported_totals, rows)
    click.echo(_totals_text(totals, number))
    return DIFFERENT if any(t.judgement is dvt.Judgement.DIFFERS for t in totals) else EQUAL


@command.command(name="dms")
@_options
def import_dms(*, file: Path | None, table: str | None, spec: Path | None) -> int:
    """Validation failures of AWS DMS, version 1 or 2: a CSV FILE, or --table.

    The tool's keys are positional: --spec says which columns they name.
    """
    if spec is None:
        raise click.UsageError("--spec is needed: the tool's keys have no column names.")
    own_url = _url("own_url", "PLUMBLINE_OWN_URL", "where Plumbline may write its own schema")
    specification, _ = load(spec)
    results = _read("dms", file, table, dms.COLUMNS)
    failures = dms.failures(results, specification)
    rows = [
        {
            "exception_no": position,
            **asdict(failure),
            "key": list(failure.key),
            "key_columns": list(failure.key_columns),
        }
        for position, failure in enumerate(failures, start=1)
    ]
    number = _append(own_url, results, imported_exceptions, rows)
    click.echo(_failures_text(failures, number))
    return DIFFERENT if any(not failure.equal for failure in failures) else EQUAL


def _read(tool: str, file: Path | None, table: str | None, columns: tuple[str, ...]) -> Results:
    if (file is None) == (table is None):
        raise click.UsageError("Name a FILE, or a table of the source with --table.")
    if file is not None:
        return from_file(tool, file, columns)
    url = _url("source_url", "PLUMBLINE_SOURCE_URL", "that holds the tool's table")
    return from_table(tool, url, str(table), columns)


def _relations(spec: Path) -> frozenset[str]:
    specification, _ = load(spec)
    sides = (side for each in specification.table for side in (each.source, each.target))
    return frozenset(side.replace('"', "").casefold() for side in sides)


def _check_tables(results: Results, known: frozenset[str] | None) -> None:
    for position, row in enumerate(results.rows if known is not None else (), start=1):
        for column in ("source_table_name", "target_table_name"):
            name = (row[column] or "").replace('"', "").replace("`", "")
            if name.casefold() not in (known or ()):
                raise InvalidInputError(
                    f"{results.where(position)}: the table {name} is not in the specification. "
                    "Add it, or import without --spec."
                )


def _append(own_url: str, results: Results, into: sa.Table, rows: list[dict[str, Any]]) -> int:
    own = own_engine(own_url)
    try:
        return append(own, results.origin, into, rows, read=len(results.rows))
    finally:
        own.dispose()


def _url(name: str, variable: str, what: str) -> str:
    url: SecretStr | None = getattr(settings(), name)
    if url is None:
        raise InvalidInputError(f"Set {variable} to the PostgreSQL database {what}.")
    return url.get_secret_value()


def _totals_text(totals: tuple[dvt.Total, ...], number: int) -> str:
    judged = {kind: sum(t.judgement is kind for t in totals) for kind in dvt.Judgement}
    passes = [total for total in totals if total.false_pass]
    alarms = sum(total.false_alarm for total in totals)
    lines = [
        f"{len(totals):,} validations imported (import {number}): "
        + ", ".join(f"{count:,} {kind.value}" for kind, count in judged.items() if count)
        + f"; {len(passes):,} false passes, {alarms:,} false alarms of the tool."
    ]
    for total in passes[:_MOST_SHOWN]:
        row = total.row
        column = f".{row['target_column_name']}" if row["target_column_name"] else ""
        apart = f"by {total.difference:+,f}" if total.difference is not None else "in their text"
        lines.append(
            f"False pass: {row['validation_name']} of {row['target_table_name']}{column} "
            f"differs {apart}; the tool says success."
        )
    if len(passes) > _MOST_SHOWN:
        lines.append(f"{len(passes) - _MOST_SHOWN:,} more false passes are not shown here.")
    return "\n".join(lines)


def _failures_text(failures: tuple[dms.Failure, ...], number: int) -> str:
    equal = sum(failure.equal for failure in failures)
    illegible = sum(not failure.readable for failure in failures)
    lines = [f"{len(failures):,} exceptions imported (import {number})."]
    if equal:
        lines.append(f"{equal:,} of them are equal numbers in two spellings.")
    if illegible:
        lines.append(f"{illegible:,} carry details that were cut off and cannot be read.")
    kinds = dict.fromkeys((f.pair, f.kind) for f in failures)
    for pair, kind in kinds:
        count = sum((f.pair, f.kind) == (pair, kind) for f in failures)
        lines.append(f"{pair}: {count:,} {kind}.")
    return "\n".join(lines)
