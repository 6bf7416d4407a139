"""``plumbline evaluate``: the gates judged once, for people, for scripts and for the record."""

from __future__ import annotations

import json
import logging
import sys
import textwrap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from traceback import format_tb

import click
import sqlalchemy as sa

from components.gates.assess import DecisionResult, Evaluation, GateResult, evaluate
from components.gates.policy import Policy, load_policy
from components.gates.record import decision_json, gate_json, to_record
from components.gates.status import Verdict
from dashboard.settings import default_as_of, settings
from queries.database import own_engine, source_engine, translated
from queries.errors import InvalidInputError, PlumblineError
from queries.ledger import Recorded, record_evaluation
from queries.own_schema import ensure_own_schema

LOG = logging.getLogger("plumbline.evaluate")
EXIT = {Verdict.GO: 0, Verdict.HOLD: 1, Verdict.NO_GO: 2}
COULD_NOT_EVALUATE = 3
_AT_ONCE = 4
_WIDTH = 100
_HELP = """Judge every gate of the policy and print the verdicts.

    Exit code: 0 go; 1 hold; 2 no-go; 3 could not evaluate, or wrong options.

    With --record the evaluation is added to the ledger in the schema `plumbline` of the
    database that PLUMBLINE_OWN_URL names. The same evaluation is recorded once.
    """


class _WrongOptionsError(click.UsageError):
    """Options that cannot be used: click's own exit code, 2, would read as no-go."""

    exit_code = COULD_NOT_EVALUATE


class _Command(click.Command):
    """Leaves with its own exit code where the options are wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _WrongOptionsError(error.format_message(), error.ctx) from error


@dataclass(frozen=True, slots=True)
class _Request:
    database_url: str | None
    as_of: str | None
    policy: Path | None
    record: bool


@click.command(cls=_Command, help=_HELP)
@click.option(
    "--as-of",
    metavar="DATE",
    help="Judge as of the end of this UTC day (YYYY-MM-DD), or of an ISO time with a zone.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
@click.option("--record", is_flag=True, help="Add the evaluation to the ledger.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Policy file; by default PLUMBLINE_POLICY_PATH, then the one shipped.",
)
@click.option(
    "--database-url",
    metavar="URL",
    help="PostgreSQL URL of the source; by default PLUMBLINE_SOURCE_URL. Never printed.",
)
def command(
    *, as_of: str | None, style: str, record: bool, policy: Path | None, database_url: str | None
) -> None:
    """Judge every gate; the help text stands above."""
    request = _Request(database_url, as_of, policy, record)
    try:
        evaluation, in_force, recorded = _run(request)
    except PlumblineError as error:
        _refuse(str(error), style)
    except Exception as error:  # noqa: BLE001 - see below
        # A traceback's own exit code, 1, would read as Hold. A driver's message can hold a
        # person's data: the log keeps the kind of error and the lines of code.
        LOG.error("%s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
        _refuse("An unexpected fault; the log says which.", style)
    click.echo(
        as_json(evaluation, recorded)
        if style == "json"
        else as_text(evaluation, in_force, recorded)
    )
    sys.exit(EXIT[evaluation.verdict])


def _run(request: _Request) -> tuple[Evaluation, Policy, Recorded | None]:
    now = datetime.now(UTC)
    latest = default_as_of(now)
    as_of = parse_as_of(request.as_of, latest) if request.as_of else latest
    policy = load_policy(request.policy or settings().policy_path)
    url = request.database_url or _secret("source_url", "PLUMBLINE_SOURCE_URL")
    own_url = _secret("own_url", "PLUMBLINE_OWN_URL") if request.record else None
    source = open_source(url)
    try:
        evaluation = judge_policy(source, policy, as_of, own_url or _own_url())
    finally:
        source.dispose()
    recorded = _record(own_url, [evaluation])[0] if own_url else None
    return evaluation, policy, recorded


def open_source(url: str) -> sa.Engine:
    """The engine of the tables to judge.

    Raises:
        InvalidInputError: the URL cannot be used; it is never repeated.
    """
    try:
        return source_engine(url, statement_timeout_s=settings().statement_timeout_s)
    except ValueError:  # its text would repeat a part of the URL
        raise InvalidInputError(
            "The database URL cannot be used: its port is not a number. It has the form "
            "postgresql://user:password@host:5432/database."
        ) from None


def _secret(name: str, variable: str) -> str:
    configured = getattr(settings(), name)
    if configured is None:
        raise InvalidInputError(f"No database is named. Set {variable}.")
    return str(configured.get_secret_value())


def _own_url() -> str | None:
    configured = settings().own_url
    return None if configured is None else str(configured.get_secret_value())


def parse_as_of(text: str, latest: datetime) -> datetime:
    """The end of a UTC day, or a time with a zone; never later than ``latest``.

    Raises:
        InvalidInputError: the text is neither, or lies in the future.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is not None and len(text) == len("2026-01-31"):
        day = datetime.combine(given.date(), time(), UTC)
        given = min(day + timedelta(days=1), latest) if day < latest else day + timedelta(days=1)
    if given is None or given.utcoffset() is None:
        raise InvalidInputError(
            f"“{text}” is no day. Write it as 2026-01-31, or a time as 2026-01-31T12:00+00:00."
        )
    if given > latest:
        raise InvalidInputError(
            f"There is nothing to judge at “{text}” yet. "
            f"The latest time is {latest.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        )
    return given.astimezone(UTC)


def record_history(own_url: str, source_url: str, until: datetime, weeks: int) -> int:
    """Evaluate and record once a week up to ``until``; returns how many rows were new.

    Raises:
        DatabaseError: a database cannot be reached or written.
    """
    policy = load_policy(settings().policy_path)
    source = open_source(source_url)
    moments = [until - timedelta(weeks=ago) for ago in range(weeks - 1, -1, -1)]
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            judged = pool.map(lambda moment: judge_policy(source, policy, moment, own_url), moments)
            evaluations = list(judged)
    finally:
        source.dispose()
    return sum(recorded.added for recorded in _record(own_url, evaluations))


def judge_policy(
    source: sa.Engine, policy: Policy, as_of: datetime, own_url: str | None = None
) -> Evaluation:
    """Every gate of a policy, judged as of a moment."""
    from dashboard.evidence import candidate, gather  # imports every collector

    own = open_source(own_url) if own_url else None
    try:
        found = gather(source, policy, as_of, own=own)
        return evaluate(policy, found, now=as_of, candidate=candidate(found))
    finally:
        if own is not None:
            own.dispose()


def _record(own_url: str, evaluations: Iterable[Evaluation]) -> list[Recorded]:
    engine = own_engine(own_url)
    try:
        ensure_own_schema(engine)
        with translated(), engine.begin() as connection:
            return [
                record_evaluation(connection, to_record(evaluation, datetime.now(UTC)))
                for evaluation in evaluations
            ]
    finally:
        engine.dispose()


def _refuse(message: str, style: str) -> None:
    """Say why there is no verdict, and leave with the code for that."""
    if style == "json":
        click.echo(json.dumps({"exit_code": COULD_NOT_EVALUATE, "error": message}))
    else:
        click.echo(f"Could not evaluate: {message}", err=True)
    sys.exit(COULD_NOT_EVALUATE)


def as_json(evaluation: Evaluation, recorded: Recorded | None = None) -> str:
    """Everything that the ledger keeps, as one object."""
    document = {
        "exit_code": EXIT[evaluation.verdict],
        "verdict": evaluation.verdict.name,
        "as_of": evaluation.as_of.isoformat(),
        "policy_version": evaluation.policy_version,
        "candidate": evaluation.candidate,
        "digest": evaluation.digest,
        "recorded_as": recorded.row_number if recorded else None,
        "decisions": [decision_json(item) for item in evaluation.decisions],
        "gates": [gate_json(item) for item in evaluation.gates],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(evaluation: Evaluation, policy: Policy, recorded: Recorded | None = None) -> str:
    """The verdicts, each decision's measured gates, and what nobody has measured."""
    head = [
        f"{evaluation.verdict.value.upper()} as of {evaluation.as_of:%d %b %Y %H:%M} UTC",
        f"policy “{policy.title}” {policy.short_version}, evaluation {evaluation.digest[:12]}",
    ]
    if recorded:
        state = "recorded" if recorded.added else "recorded before"
        head.append(f"{state} as row {recorded.row_number} of the ledger")
    blocks = ["\n".join(head)]
    for decision in evaluation.decisions:
        gates = [g for g in evaluation.gates if g.requirement.decision == decision.decision.id]
        blocks.append(_decision_text(decision, gates))
    return "\n\n".join(blocks)


def _decision_text(decision: DecisionResult, gates: list[GateResult]) -> str:
    title = decision.decision.title
    lines = [title, "-" * len(title), decision.decision.question, decision.sentence, ""]
    shown = sorted((gate for gate in gates if gate.evidence), key=lambda gate: -gate.status)
    for gate in shown:
        lines += _gate_text(gate)
    silent = [gate.requirement.id for gate in gates if not gate.evidence]
    if silent:
        names = ", ".join(silent)
        lines += textwrap.wrap(
            f"{len(silent)} not measured yet: {names}", _WIDTH, break_on_hyphens=False
        )
    return "\n".join(lines).rstrip()


def _gate_text(gate: GateResult) -> list[str]:
    margin = " " * 12
    lines = textwrap.wrap(
        gate.sentence,
        _WIDTH,
        initial_indent=f"  {gate.word.upper():<9} ",
        subsequent_indent=margin,
    )
    if gate.blocks:
        lines += textwrap.wrap(
            f"→ {gate.who}: {gate.next_step}",
            _WIDTH,
            initial_indent=margin,
            subsequent_indent=margin + "  ",
        )
    return lines
