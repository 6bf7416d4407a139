"""One judgement of the alert rules, written in one transaction with what it tells others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from components.alerts.assess import (
    Advice,
    Change,
    ChangeKind,
    Retraining,
    answer_due,
    changes,
    retraining,
)
from components.alerts.signals import Signal, signals
from components.gates.assess import Evaluation
from components.gates.policy import Policy
from components.gates.record import to_record
from dashboard.alerts import messages
from queries import alerts as store
from queries.alert_rows import (
    ACKNOWLEDGED,
    CLOSED,
    OPEN,
    AlertRecord,
    AlertState,
    RetrainingRecord,
    RunRecord,
)
from queries.errors import InvalidInputError
from queries.ledger import record_evaluation
from queries.outbox import Message, enqueue

_EVER = datetime(9999, 1, 1, tzinfo=UTC)
SYSTEM_ROLE, SYSTEM = "system", "plumbline"
RECOMMENDED, REOPENED, WITHDRAWN = "recommended", "reopened", "withdrawn"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did, and what stands after it."""

    changes: tuple[Change, ...]
    standing: tuple[AlertState, ...]
    retraining: Retraining
    advice_changed: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """What every row of one run has in common."""

    connection: sa.Connection
    policy: Policy
    evaluation: Evaluation
    recorded_at: datetime
    tells: bool

    @property
    def as_of(self) -> datetime:
        return self.evaluation.as_of

    def tell(self, message: Message) -> None:
        if self.tells:
            enqueue(self.connection, message, self.recorded_at)


def raise_alerts(
    connection: sa.Connection,
    policy: Policy,
    evaluation: Evaluation,
    recorded_at: datetime,
    *,
    variables: Sequence[Signal] = (),
    tell: bool = False,
) -> Outcome:
    """Raise, reopen and close alerts, and recommend retraining or withdraw it.

    Everything becomes permanent with the caller's transaction, or nothing does: the events, the
    evaluation that they rest on, and the messages about them. The same judgement twice adds no
    alert. ``variables`` are signals besides those of the gates, such as the drift of a feature.
    With ``tell`` each event leaves a message in the outbox, unless the policy switches the
    webhook off.

    Raises:
        InvalidInputError: a later moment was judged before: history is not rewritten.
    """
    store.one_at_a_time(connection)
    run = _Run(connection, policy, evaluation, recorded_at, tells=tell and policy.alerts.webhook)
    _refuse_the_past(run)
    found = (*signals(evaluation, policy.alerts), *variables)
    start_of_day = run.as_of - timedelta(days=1)
    known = store.alerts(connection, run.as_of, start_of_day).rows
    made = changes(found, known, run.as_of.date())
    for change in made:
        _write(run, change)
    advice, changed = _advise(run)
    if made or changed:
        record_evaluation(connection, to_record(evaluation, recorded_at))
    store.record_run(
        connection,
        RunRecord(
            recorded_at=recorded_at,
            as_of=run.as_of,
            policy_version=policy.version,
            evaluation_digest=evaluation.digest,
            rules=len(policy.alerts.gates),
            retraining=advice.advice.value,
        ),
    )
    standing = store.alerts(connection, run.as_of, run.as_of).rows
    return Outcome(made, tuple(item for item in standing if item.state != CLOSED), advice, changed)


def _refuse_the_past(run: _Run) -> None:
    latest = store.last_run(run.connection, _EVER).rows
    if latest and latest[0].as_of > run.as_of:
        raise InvalidInputError(
            f"Alerts were judged as of {latest[0].as_of:%Y-%m-%d %H:%M} UTC before. "
            "Choose that moment or a later one; the history of alerts is not rewritten."
        )


def _write(run: _Run, change: Change) -> None:
    signal = change.signal
    due = (
        None
        if change.kind is ChangeKind.CLOSED
        else answer_due(signal.severity, run.policy.alerts.answer_within_hours, run.as_of)
    )
    record = AlertRecord(
        alert_id=change.alert_id,
        kind=change.kind.value,
        occurred_at=run.as_of,
        recorded_at=run.recorded_at,
        rule=signal.rule,
        subject=signal.subject,
        segment=signal.segment,
        severity=signal.severity.value,
        answer_due_at=due,
        by_role=SYSTEM_ROLE,
        by_pseudonym=SYSTEM,
        evidence_digest=signal.digest,
        policy_version=run.policy.version,
        detail=messages.alert_detail(signal),
    )
    run.tell(messages.of_alert(store.record_alert(run.connection, record), record))


def _advise(run: _Run) -> tuple[Retraining, bool]:
    latest = store.recommendations(run.connection, run.as_of).rows
    last = latest[0] if latest else None
    in_force = last is not None and last.in_force
    advice = retraining(run.evaluation, run.policy.alerts, in_force=in_force)
    identity = f"retraining-{run.as_of.date().isoformat()}"
    kind: str | None = None
    if advice.advice is Advice.RECOMMENDED and not in_force:
        same_day = last is not None and last.recommendation_id == identity
        kind = REOPENED if same_day else RECOMMENDED
    elif advice.advice is Advice.NO and last is not None and in_force:
        kind, identity = WITHDRAWN, last.recommendation_id
    if kind is not None:
        _write_advice(run, advice, kind, identity)
    return advice, kind is not None


def _write_advice(run: _Run, advice: Retraining, kind: str, identity: str) -> None:
    record = RetrainingRecord(
        recommendation_id=identity,
        kind=kind,
        occurred_at=run.as_of,
        recorded_at=run.recorded_at,
        policy_version=run.policy.version,
        evaluation_digest=run.evaluation.digest,
        evidence_digest=advice.digest,
        payload=messages.retraining_payload(advice, run.policy.alerts.retraining.runbook),
    )
    run.tell(messages.of_retraining(store.record_retraining(run.connection, record), record))


def acknowledge(
    connection: sa.Connection,
    alert: str,
    *,
    role: str,
    pseudonym: str,
    note: str,
    at: datetime,
    recorded_at: datetime,
    tell: bool = False,
) -> AlertState:
    """Note that somebody answers an alert; returns it as it stands now.

    Raises:
        InvalidInputError: there is no such alert, or it is closed or answered already.
    """
    store.one_at_a_time(connection)
    found = [item for item in store.alerts(connection, _EVER).rows if item.alert_id == alert]
    if not found:
        raise InvalidInputError(
            f"There is no alert “{alert}”. `plumbline alert list` shows the open ones."
        )
    state = found[0]
    if state.state != OPEN:
        raise InvalidInputError(f"The alert “{alert}” is {state.state} already.")
    record = AlertRecord(
        alert_id=state.alert_id,
        kind=ACKNOWLEDGED,
        occurred_at=max(at, state.since),
        recorded_at=recorded_at,
        rule=state.rule,
        subject=state.subject,
        segment=state.segment,
        severity=state.severity,
        answer_due_at=state.answer_due_at,
        by_role=role,
        by_pseudonym=pseudonym,
        evidence_digest=state.evidence_digest,
        policy_version=state.policy_version,
        detail={**state.detail, "note": note},
    )
    event = store.record_alert(connection, record)
    if tell:
        enqueue(connection, messages.of_alert(event, record), recorded_at)
    return replace(state, kind=record.kind, since=record.occurred_at, by_role=role)
