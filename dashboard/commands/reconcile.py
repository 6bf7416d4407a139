"""``plumbline reconcile``: compare source and target ourselves, and keep every difference."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from components.exceptions.causes import CauseKind
from components.exceptions.defects import CountedGroup, Defect, isolated, systematic
from dashboard.progress import SilentProgress, TerminalProgress
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import InterruptedRunError, Options, Outcome, run_table
from dashboard.reconcile.spec import load
from dashboard.settings import settings
from queries.compare_results import groups_of
from queries.database import own_engine
from queries.errors import InvalidInputError, PlumblineError

LOG = logging.getLogger("plumbline.reconcile")
EQUAL, DIFFERENT, COULD_NOT, STOPPED = 0, 1, 2, 130
_MOST_DEFECTS = 20


@dataclass(frozen=True, slots=True)
class _Report:
    """What the command found, over all tables."""

    outcomes: tuple[Outcome, ...]
    defects: tuple[Defect, ...]
    isolated: int
    stopped: bool

    @property
    def exceptions(self) -> int:
        return sum(outcome.exceptions for outcome in self.outcomes)


@click.command()
@click.argument("specification", type=click.Path(path_type=Path))
@click.option("--changed", is_flag=True, help="Re-check only what changed since the last run.")
@click.option("--fresh", is_flag=True, help="Keep nothing of a run that was interrupted.")
@click.option("--table", "only", metavar="NAME", multiple=True, help="Only this table; repeatable.")
@click.option("--check", is_flag=True, help="Check the specification and stop.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
def command(
    *,
    specification: Path,
    changed: bool,
    fresh: bool,
    only: tuple[str, ...],
    check: bool,
    style: str,
) -> None:
    """Compare source and target as SPECIFICATION says, record by record.

    Every difference goes to the schema `plumbline` of the database that PLUMBLINE_OWN_URL names,
    with its cause. Source and target are only read. An interrupted run goes on where it stopped.

    Exit code: 0 equal; 1 differences; 2 could not compare; 130 stopped by Ctrl-C.
    """
    if changed and fresh:
        raise click.UsageError("--changed builds on the last run, --fresh forgets it.")
    try:
        report = _reconcile(specification, Options(changed, fresh), only, check, style)
    except PlumblineError as error:
        click.echo(f"plumbline: {error}", err=True)
        sys.exit(COULD_NOT)
    except KeyboardInterrupt:
        click.echo("Stopped before anything was complete.", err=True)
        sys.exit(STOPPED)
    if report is None:
        click.echo("The specification is well-formed.")
        return
    click.echo(_as_json(report) if style == "json" else _as_text(report))
    if report.stopped:
        sys.exit(STOPPED)
    sys.exit(DIFFERENT if report.exceptions else EQUAL)


def _reconcile(
    path: Path, options: Options, only: tuple[str, ...], check: bool, style: str
) -> _Report | None:
    specification, lines = load(path)
    names = [table.name for table in specification.table]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise InvalidInputError(
            f"{path.name} has no table {unknown[0]}. It has: {', '.join(names)}."
        )
    if check:
        return None
    own = own_engine(_own_url())
    progress = SilentProgress() if style == "json" else TerminalProgress()
    outcomes: list[Outcome] = []
    stopped = False
    try:
        for position, table in enumerate(specification.table):
            if only and table.name not in only:
                continue
            place = Place(path.name, lines, ("table", position))
            outcomes.append(run_table(specification, table, place, own, options, progress))
    except InterruptedRunError as interruption:
        outcomes.append(interruption.outcome)
        stopped = True
    try:
        return _report(own, tuple(outcomes), stopped)
    finally:
        own.dispose()


def _report(own: sa.Engine, outcomes: tuple[Outcome, ...], stopped: bool) -> _Report:
    with own.connect() as connection:
        counted = groups_of(connection, [outcome.run_id for outcome in outcomes])
    groups = [
        CountedGroup(
            row.pair,
            row.field,
            CauseKind(row.cause),
            row.signature,
            row.batch,
            row.source_system,
            row.exceptions,
        )
        for row in counted.rows
    ]
    return _Report(outcomes, systematic(groups), isolated(groups), stopped)


def _own_url() -> str:
    url = settings().own_url
    if url is None:
        raise InvalidInputError(
            "There is no place for the results. Set PLUMBLINE_OWN_URL to a PostgreSQL database "
            "where Plumbline may write its own schema."
        )
    return url.get_secret_value()


def _as_text(report: _Report) -> str:
    lines = []
    for each in report.outcomes:
        left_out = each.source_filtered + each.target_filtered
        filtered = f", {left_out:,} left out by declared filters" if left_out else ""
        done = f"{each.compared:,} of {each.buckets:,} buckets compared"
        state = "" if each.status == "completed" else " PARTIAL: run again to go on."
        lines.append(
            f"{each.pair}: {each.source_rows:,} source and {each.target_rows:,} target records"
            f"{filtered}; {done}; {_counted(each.exceptions)} (run {each.run_id}).{state}"
        )
    if report.exceptions:
        lines += [defect.sentence for defect in report.defects[:_MOST_DEFECTS]]
        if len(report.defects) > _MOST_DEFECTS:
            lines.append(f"{len(report.defects) - _MOST_DEFECTS} smaller defects not shown here.")
        if report.isolated:
            lines.append(f"{_counted(report.isolated)} in no systematic defect.")
    elif not report.stopped:
        lines.append("Source and target agree.")
    return "\n".join(lines)


def _counted(exceptions: int) -> str:
    return "1 exception" if exceptions == 1 else f"{exceptions:,} exceptions"


def _as_json(report: _Report) -> str:
    return json.dumps(
        {
            "outcomes": [asdict(outcome) for outcome in report.outcomes],
            "defects": [asdict(each) | {"sentence": each.sentence} for each in report.defects],
            "isolated": report.isolated,
            "stopped": report.stopped,
        },
        indent=2,
    )
