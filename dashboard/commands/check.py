"""``plumbline check``: a database compared with the contract, for people and for machines."""

from __future__ import annotations

import json
import sys
import textwrap

import click

from components.sources.assess import summary
from dashboard.settings import settings
from queries import contract
from queries.contract_check import RECENT_DAYS, check
from queries.contract_findings import Finding, Report, Severity
from queries.database import read, source_engine
from queries.errors import InvalidInputError, PlumblineError

COULD_NOT_CHECK = 2
_WIDTH = 100
_HELP = f"""Compare a database with the tables that Plumbline reads.

    It looks for relations and columns that are missing, types that cannot serve, keys that may
    be null, missing indexes and partitions, values outside their domain, and a role that may
    do more than SELECT. Nothing is written. Views are accepted for every relation.

    Of relations with many rows the last {RECENT_DAYS} days of data are read; --full reads all.

    Exit code: 0 nothing asks for action; 1 warnings or problems; 2 could not check.

    \b
    JSON (--format json) is one object with
      contract_version, server_version, schema, role   text
      exit_code                                        0 or 1
      summary                                          one sentence
      relations    present and absent: lists of names
      rows_read    list of relation, rows, days (null: every row was read)
      findings     list of severity (problem, warning or information), relation, column,
                   message, remedy, count, examples; relation, column and count may be null
    or, with exit code 2, with exit_code and error. Keys are only ever added.
    """


@click.command(help=_HELP)
@click.option(
    "--database-url",
    metavar="URL",
    help="PostgreSQL URL; by default PLUMBLINE_SOURCE_URL or the secrets file. Never printed.",
)
@click.option("--schema", default="public", show_default=True, help="Schema to look into.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
@click.option("--full", is_flag=True, help="Read every row, not only the last days of data.")
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="Longest single question, in seconds.",
)
def command(*, database_url: str | None, schema: str, style: str, full: bool, timeout: int) -> None:
    """Compare a database with the contract; the help text is built above."""
    try:
        report = _checked(database_url, schema=schema, full=full, timeout=timeout)
    except PlumblineError as error:
        _refuse(str(error), style)
    click.echo(as_json(report) if style == "json" else as_text(report))
    sys.exit(report.exit_code)


def _checked(database_url: str | None, *, schema: str, full: bool, timeout: int) -> Report:
    configured = settings().source_url
    url = database_url or (configured.get_secret_value() if configured else None)
    if not url:
        raise InvalidInputError(
            "No database is named. Give --database-url or PLUMBLINE_SOURCE_URL."
        )
    try:
        engine = source_engine(url, statement_timeout_s=timeout)
    except ValueError:  # its text would repeat a part of the URL
        raise InvalidInputError(
            "The database URL cannot be used: its port is not a number. It has the form "
            "postgresql://user:password@host:5432/database."
        ) from None
    try:
        return read(engine, lambda connection: check(connection, schema=schema, full=full))
    finally:
        engine.dispose()


def _refuse(message: str, style: str) -> None:
    """Say why there is no comparison, and leave with the code for that."""
    if style == "json":
        click.echo(json.dumps({"exit_code": COULD_NOT_CHECK, "error": message}))
    else:
        click.echo(f"Could not check: {message}", err=True)
    sys.exit(COULD_NOT_CHECK)


def as_json(report: Report) -> str:
    """The report as the help text documents it."""
    present = set(report.present)
    document = {
        "contract_version": report.contract_version,
        "server_version": report.server_version,
        "schema": report.schema,
        "role": report.role,
        "exit_code": report.exit_code,
        "summary": summary(report),
        "relations": {
            "present": list(report.present),
            "absent": [t.name for t in contract.relations if t.name not in present],
        },
        "rows_read": [
            {"relation": part.relation, "rows": part.rows, "days": part.days}
            for part in report.rows_read
        ],
        "findings": [
            {
                "severity": finding.severity.word,
                "relation": finding.relation,
                "column": finding.column,
                "message": finding.message,
                "remedy": finding.remedy,
                "count": finding.count,
                "examples": list(finding.examples),
            }
            for finding in report.findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(report: Report) -> str:
    """The report as people read it: what was looked at, each finding, one sentence."""
    blocks = [_head(report), *(_finding(finding) for finding in report.findings), summary(report)]
    return "\n\n".join(blocks)


def _head(report: Report) -> str:
    lines = [
        f"Plumbline contract {report.contract_version} against PostgreSQL "
        f"{report.server_version}, schema {report.schema}, role {report.role}",
        f"{len(report.present)} of {len(contract.relations)} relations are there.",
    ]
    if report.rows_read:
        lines.append(f"{sum(part.rows for part in report.rows_read):,} rows were read.")
    recent = [part.relation for part in report.rows_read if part.days is not None]
    if recent:
        lines.append(
            f"Only the last {RECENT_DAYS} days of data: {', '.join(recent)} (--full reads all)."
        )
    return "\n".join(
        textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        for line in lines
    )


def _finding(finding: Finding) -> str:
    label = finding.severity.name.ljust(len(Severity.INFORMATION.name))
    lines = [f"{label}  {finding.place}"]
    lines += _indented("", f"{finding.message}.")
    if finding.examples:
        lines += _indented("for example: ", "; ".join(finding.examples))
    lines += _indented("→ ", finding.remedy)
    return "\n".join(lines)


def _indented(lead: str, text: str) -> list[str]:
    margin = " " * (len(Severity.INFORMATION.name) + 2)
    return textwrap.wrap(
        f"{lead}{text}",
        _WIDTH,
        initial_indent=margin,
        subsequent_indent=margin + " " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
