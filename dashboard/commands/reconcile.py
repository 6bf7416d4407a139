"""``plumbline reconcile``: compare source and target ourselves, and keep every difference."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from components.exceptions.cause_kinds import CauseKind
from components.exceptions.defects import CountedGroup, Defect, isolated, systematic
from dashboard.progress import SilentProgress, TerminalProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import InterruptedRunError, Outcome, run_table
from dashboard.reconcile.spec import load
from dashboard.settings import settings
from queries.compare_former import PARTIAL
from queries.compare_results import groups_of
from queries.database import own_engine
from queries.errors import InvalidInputError, PlumblineError

LOG = logging.getLogger("plumbline.reconcile")
EQUAL, DIFFERENT, COULD_NOT, STOPPED = 0, 1, 2, 130
_MOST_DEFECTS = 20
_BLIND = (
    "Only buckets in which the last run had found exceptions were compared again: new damage "
    "elsewhere is not seen, and no gate counts this run. "
    "`plumbline reconcile --changed` sees everything."
)


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

    @property
    def orphans(self) -> int:
        return sum(outcome.orphans for outcome in self.outcomes)

    @property
    def note(self) -> str | None:
        """What the result does not say."""
        return _BLIND if any(outcome.rechecked for outcome in self.outcomes) else None


@click.command()
@click.argument("specification", type=click.Path(path_type=Path))
@click.option("--changed", is_flag=True, help="Re-check only what changed since the last run.")
@click.option(
    "--open",
    "suspects",
    is_flag=True,
    help="After a fix: re-check only where the last run found exceptions. Blind elsewhere.",
)
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
    suspects: bool,
    fresh: bool,
    only: tuple[str, ...],
    check: bool,
    style: str,
) -> None:
    """Compare source and target as SPECIFICATION says, record by record.

    Every difference goes to the schema `plumbline` of the database that PLUMBLINE_OWN_URL names,
    with its cause. Source and target are only read. An interrupted run goes on where it stopped.

    After a fix, --open tells quickly whether it helped: it looks only where the last run found
    exceptions. It is no evidence for the rest, and no gate counts it; --changed sees everything.

    Exit code: 0 equal, or with --open none left there; 1 differences; 2 could not compare;
    130 stopped by Ctrl-C.
    """
    if (changed or suspects) and fresh:
        raise click.UsageError("--changed and --open build on the last run, --fresh forgets it.")
    if changed and suspects:
        raise click.UsageError("--changed looks at everything, --open only at old exceptions.")
    options = Options(changed, fresh, suspects)
    try:
        report = _reconcile(specification, options, only, check, style)
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
    sys.exit(DIFFERENT if report.exceptions or report.orphans else EQUAL)


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
        lines.append(_rechecked(each) if each.rechecked else _compared(each))
        if each.orphans:
            lines.append(f"{each.pair}: {_orphans(each.orphans)}.")
    if report.exceptions:
        lines += [defect.sentence for defect in report.defects[:_MOST_DEFECTS]]
        if len(report.defects) > _MOST_DEFECTS:
            lines.append(f"{len(report.defects) - _MOST_DEFECTS} smaller defects not shown here.")
        if report.isolated:
            lines.append(f"{_counted(report.isolated)} in no systematic defect.")
    elif not report.stopped and report.note is None and not report.orphans:
        lines.append("Source and target agree.")
    if report.note is not None:
        lines.append(report.note)
    return "\n".join(lines)


def _compared(outcome: Outcome) -> str:
    left_out = outcome.source_filtered + outcome.target_filtered
    filtered = f", {left_out:,} left out by declared filters" if left_out else ""
    done = f"{outcome.compared:,} of {outcome.buckets:,} buckets compared"
    state = " PARTIAL: run again to go on." if outcome.status == PARTIAL else ""
    return (
        f"{outcome.pair}: {outcome.source_rows:,} source and {outcome.target_rows:,} target records"
        f"{filtered}; {done}; {_counted(outcome.exceptions)} (run {outcome.run_id}).{state}"
    )


def _rechecked(outcome: Outcome) -> str:
    return (
        f"{outcome.pair}: {outcome.compared:,} of {outcome.buckets:,} buckets compared again; "
        f"{_counted(outcome.exceptions_before or 0)} in run {outcome.based_on}, "
        f"{outcome.exceptions:,} left there (run {outcome.run_id})."
    )


def _orphans(count: int) -> str:
    if count == 1:
        return "1 target record points to nothing"
    return f"{count:,} target records point to nothing"


def _counted(exceptions: int) -> str:
    return "1 exception" if exceptions == 1 else f"{exceptions:,} exceptions"


def _as_json(report: _Report) -> str:
    return json.dumps(
        {
            "outcomes": [asdict(outcome) for outcome in report.outcomes],
            "defects": [asdict(each) | {"sentence": each.sentence} for each in report.defects],
            "isolated": report.isolated,
            "stopped": report.stopped,
            "note": report.note,
        },
        indent=2,
    )
