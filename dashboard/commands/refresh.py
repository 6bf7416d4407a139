"""``plumbline refresh``: bring the roll-ups up to date, from which pages read history."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import click
import sqlalchemy as sa
from pydantic import SecretStr

from components.gates.policy import load_policy
from dashboard import evidence_kept, shadow_kept
from dashboard.explanations.run import Attested
from dashboard.explanations.run import run as attest
from dashboard.progress import TerminalProgress
from dashboard.refresh.plan import LOOK_BACK_DAYS, Options
from dashboard.refresh.run import Outcome, environments, refresh
from dashboard.serving import stopping_on_signals
from dashboard.settings import settings
from queries.database import own_engine, source_engine
from queries.errors import InvalidInputError

DONE, VANISHED, STOPPED = 0, 1, 130
LONGEST_STATEMENT_S = 600
MOST_WORKERS = 8
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(
    name="refresh",
    help=f"""Roll up the predictions of every UTC day that is over, day by day.

    Pages read history from these roll-ups, which outlive a purged year. A refresh builds what is
    missing, and builds again what changed: it compares the last {LOOK_BACK_DAYS} days with the
    source, or with --all every day. A day is one transaction; a refresh that was stopped goes on
    where it stopped. The source is only read; roll-ups go to the schema `plumbline` of the
    database that PLUMBLINE_OWN_URL names. Run it once a night.

    Where PLUMBLINE_MODELS_DIR names the model files, the stored explanations of new days are
    recomputed from the verified models, element by element, and what was found is kept as well.

    Exit code: 0 done; 1 done, and the audit table has lost rows of a day that was rolled up;
    2 could not; 130 stopped by Ctrl-C.
    """,
)
@click.option("--from", "since", type=_DAY, help="Look at no day before this one (UTC).")
@click.option("--days", type=click.IntRange(min=1), help="Look at the last so many days only.")
@click.option("--all", "everything", is_flag=True, help="Compare every day with the source.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Build every day looked at again, also where the source has lost rows of it.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="Months that are built side by side.",
)
@click.option(
    "--new-reference",
    "reference",
    type=_DAY,
    nargs=2,
    metavar="START END",
    help="Cut new bins from these days, END not included; the old bins stay.",
)
@click.option(
    "--environment",
    "chosen",
    multiple=True,
    metavar="NAME",
    help="Only this environment; repeatable. By default all.",
)
def command(
    *,
    since: datetime | None,
    days: int | None,
    everything: bool,
    rebuild: bool,
    workers: int,
    reference: tuple[datetime, datetime] | None,
    chosen: tuple[str, ...],
) -> None:
    """Bring the roll-ups up to date; the help text stands above."""
    spans = _reference(reference)
    url = _secret(settings().source_url, "PLUMBLINE_SOURCE_URL")
    source = source_engine(url, statement_timeout_s=LONGEST_STATEMENT_S)
    own = own_engine(
        _secret(settings().own_url, "PLUMBLINE_OWN_URL"), statement_timeout_s=LONGEST_STATEMENT_S
    )
    try:
        with stopping_on_signals():
            options = Options(
                environments=chosen or environments(source, own),
                today=datetime.now(UTC).date(),
                since=since.date() if since else None,
                days=days,
                everything=everything,
                rebuild=rebuild,
                workers=workers,
                new_reference=spans,
            )
            policy = load_policy(settings().policy_path)
            outcome = refresh(source, own, policy.drift, options, TerminalProgress())
            if not outcome.stopped:
                shadow_kept.keep(source, own, policy, TerminalProgress())
                evidence_kept.keep(source, own, policy, TerminalProgress())
            attested = _attest(source, own, options) if not outcome.stopped else None
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        sys.exit(STOPPED)
    finally:
        source.dispose()
        own.dispose()
    click.echo(as_text(outcome))
    if attested is not None:
        click.echo(attested.sentence)
    sys.exit(STOPPED if outcome.stopped else VANISHED if outcome.vanished else DONE)


def _attest(source: sa.Engine, own: sa.Engine, options: Options) -> Attested | None:
    """Recompute new explanations; None where there are no model files to recompute them from."""
    if settings().models_dir is None:
        return None
    starts = [options.since] if options.since else []
    if options.days is not None:
        starts.append(options.today - timedelta(days=options.days))
    return attest(
        source,
        own,
        options.today,
        TerminalProgress(),
        since=max(starts, default=None),
        everything=options.everything,
    )


def as_text(outcome: Outcome) -> str:
    """What was done, and what the source has lost."""
    lines = [
        f"{_days(outcome.built)} rolled up from {outcome.source_rows:,} predictions "
        f"(bins {outcome.edges_id})."
        if outcome.built
        else f"The roll-ups were up to date (bins {outcome.edges_id})."
    ]
    if outcome.purged:
        lines.append(
            f"{_days(len(outcome.purged))} purged from the source: their roll-ups are kept."
        )
    for lost in outcome.vanished:
        lines.append(
            f"{lost.environment}, {lost.day}: the audit table has lost predictions of this day. "
            "Its roll-ups are kept as they were."
        )
    if outcome.stopped:
        left = outcome.planned - outcome.done
        lines.append(f"Stopped with {_days(left)} left. Run it again to go on.")
    return "\n".join(lines)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"


def _reference(given: tuple[datetime, datetime] | None) -> tuple[date, date] | None:
    if given is None:
        return None
    start, end = (each.date() for each in given)
    if start >= end:
        raise InvalidInputError("The reference ends before it begins. Choose a later end.")
    return start, end


def _secret(value: SecretStr | None, name: str) -> str:
    if value is None:
        raise InvalidInputError(f"No database is configured. Set {name} to its PostgreSQL URL.")
    return value.get_secret_value()
