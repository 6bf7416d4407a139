"""``plumbline alert``: raise, tell, list and answer alerts; recommend retraining."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import sqlalchemy as sa
from pydantic import SecretStr

from components.gates.policy import Policy, load_policy
from dashboard.alerts import words
from dashboard.alerts.delivery import Delivery, deliver
from dashboard.alerts.raising import Outcome, acknowledge, raise_alerts
from dashboard.alerts.webhook import Webhook, webhook
from dashboard.commands.evaluate import judge_policy, open_source, parse_as_of
from dashboard.rights import Role
from dashboard.settings import default_as_of, settings
from queries import alerts as store
from queries.database import own_engine, read, translated
from queries.errors import InvalidInputError
from queries.own_schema import ensure_own_schema

NONE_OPEN, OPEN_ALERTS, NOT_DELIVERED = 0, 1, 3
_LISTED_DAYS = 28
_LONGEST_NOTE = 500
_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_HELP = """Judge the policy, raise and close alerts, and recommend retraining.

    To be run from cron, as often as alerts should be new. Everything is written in one
    transaction to the schema `plumbline` of the database that PLUMBLINE_OWN_URL names, then the
    webhook is told, if PLUMBLINE_WEBHOOK_URL and PLUMBLINE_WEBHOOK_SECRET are set.

    Exit code: 0 no alert stands; 1 alerts stand; 2 could not look, or wrong options;
    3 the webhook could not be reached: its messages wait for the next run.
    """


@dataclass(frozen=True, slots=True)
class Told:
    """What a run did, for people and for machines."""

    outcome: Outcome
    delivery: Delivery | None


@click.group(invoke_without_command=True, help=_HELP)
@click.option("--as-of", metavar="DATE", help="Judge as of the end of this UTC day, or a time.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Policy file; by default PLUMBLINE_POLICY_PATH, then the one shipped.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
@click.pass_context
def command(context: click.Context, *, as_of: str | None, policy: Path | None, style: str) -> None:
    """Judge and raise; the help text stands above."""
    if context.invoked_subcommand is not None:
        return
    told = _run(as_of, load_policy(policy or settings().policy_path))
    click.echo(
        json.dumps(words.as_json(told.outcome, told.delivery), indent=2, ensure_ascii=False)
        if style == "json"
        else words.as_text(told.outcome, told.delivery)
    )
    sys.exit(_exit_code(told))


def _exit_code(told: Told) -> int:
    if told.delivery is not None and told.delivery.error is not None:
        return NOT_DELIVERED
    return OPEN_ALERTS if told.outcome.standing else NONE_OPEN


def _run(day: str | None, policy: Policy) -> Told:
    latest = default_as_of(datetime.now(UTC))
    as_of = parse_as_of(day, latest) if day else latest
    if not policy.alerts.gates:
        raise InvalidInputError(
            "The policy names no gate that raises alerts. Add a section [alerts] with `gates`, "
            "as in the policy that is shipped."
        )
    own_url, hook = _url("own_url", "PLUMBLINE_OWN_URL"), _webhook()
    return look(_url("source_url", "PLUMBLINE_SOURCE_URL"), own_url, policy, as_of, hook)


def look(
    source_url: str, own_url: str, policy: Policy, as_of: datetime, hook: Webhook | None = None
) -> Told:
    """Judge the gates as of a moment, and raise and close alerts by them.

    Raises:
        InvalidInputError: a later moment was judged before.
        DatabaseError: a database cannot be read or written.
    """
    source = open_source(source_url)
    try:
        evaluation = judge_policy(source, policy, as_of, own_url)
    finally:
        source.dispose()
    own = own_engine(own_url)
    try:
        ensure_own_schema(own)
        with translated(), own.begin() as connection:
            outcome = raise_alerts(
                connection, policy, evaluation, datetime.now(UTC), tell=hook is not None
            )
        return Told(outcome, deliver(own, hook) if hook else None)
    finally:
        own.dispose()


@command.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Alerts closed in the last 28 days too.")
def list_alerts(*, everything: bool) -> None:
    """Show alerts that stand, and whether retraining is recommended."""
    now = default_as_of(datetime.now(UTC))
    since = now - timedelta(days=_LISTED_DAYS) if everything else now
    own = _own()
    try:
        alerts = read(own, lambda connection: store.alerts(connection, now, since)).rows
        advice = read(own, lambda connection: store.recommendations(connection, now)).rows
    finally:
        own.dispose()
    shown = alerts if everything else tuple(item for item in alerts if item.state != "closed")
    click.echo(words.listing(shown, advice[:1], now))


@command.command(name="acknowledge")
@click.argument("alert_id", metavar="ID")
@click.option("--by", "pseudonym", required=True, help="Your pseudonym; never a name.")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="Your role."
)
@click.option("--note", required=True, help="What is being done; no personal data.")
def acknowledge_alert(*, alert_id: str, pseudonym: str, role: str, note: str) -> None:
    """Answer the alert ID: somebody works on it."""
    if not _PSEUDONYM.fullmatch(pseudonym):
        raise click.UsageError("--by is a pseudonym of letters, digits, dots and dashes.")
    if not 1 <= len(note.strip()) <= _LONGEST_NOTE:
        raise click.UsageError(f"--note has 1 to {_LONGEST_NOTE} characters.")
    now, hook = datetime.now(UTC), _webhook()
    own = _own()
    try:
        with translated(), own.begin() as connection:
            state = acknowledge(
                connection,
                alert_id,
                role=role,
                pseudonym=pseudonym,
                note=note.strip(),
                at=default_as_of(now),
                recorded_at=now,
                tell=hook is not None,
            )
        delivery = deliver(own, hook) if hook else None
    finally:
        own.dispose()
    click.echo(words.acknowledged(state, delivery))


@command.command(name="deliver")
def deliver_waiting() -> None:
    """Send what waits in the outbox; `plumbline alert` does so too."""
    hook = _webhook()
    if hook is None:
        raise InvalidInputError("No webhook is configured. Set PLUMBLINE_WEBHOOK_URL.")
    own = _own()
    try:
        delivery = deliver(own, hook)
    finally:
        own.dispose()
    click.echo(words.delivery(delivery))
    sys.exit(NOT_DELIVERED if delivery.error else 0)


def _own() -> sa.Engine:
    own = own_engine(_url("own_url", "PLUMBLINE_OWN_URL"))
    ensure_own_schema(own)
    return own


def _webhook() -> Webhook | None:
    """The webhook that is configured; None without an address."""
    url, secret = settings().webhook_url, settings().webhook_secret
    if url is None:
        return None
    return webhook(url.get_secret_value(), secret.get_secret_value() if secret else None)


def _url(name: str, variable: str) -> str:
    url: SecretStr | None = getattr(settings(), name)
    if url is None:
        raise InvalidInputError(f"No database is named. Set {variable}.")
    return url.get_secret_value()
