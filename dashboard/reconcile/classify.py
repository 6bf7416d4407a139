"""From a difference to its cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.exceptions.cause_kinds import CauseKind, Context, ValueKind
from components.exceptions.causes import Classifier
from dashboard.reconcile.spec import Table
from queries.compare_judge import Finding, FindingKind
from queries.compare_ledger import Classified
from queries.compare_plan import NUMBERS, Kind, Plan

_VALUE_KINDS = {
    **dict.fromkeys(NUMBERS, ValueKind.NUMBER),
    Kind.TEXT: ValueKind.TEXT,
    Kind.DATE: ValueKind.DATE,
    Kind.TIMESTAMP: ValueKind.MOMENT,
    Kind.TIMESTAMPTZ: ValueKind.MOMENT,
}


class Causes:
    """Gives every finding its cause."""

    def __init__(self, plan: Plan, table: Table) -> None:
        self._plan = plan
        defaults = {rule.name: frozenset(rule.defaults) for rule in table.field}
        self._classifiers = [
            Classifier(
                Context(
                    _VALUE_KINDS.get(field.column.kind, ValueKind.OTHER),
                    dict(field.rules.codes),
                    defaults.get(field.column.name, frozenset()),
                )
            )
            for field in plan.judged
        ]

    def all(self, findings: Iterable[Finding]) -> Iterator[Classified]:
        for finding in findings:
            yield self._one(finding)

    def _one(self, finding: Finding) -> Classified:
        if finding.kind is not FindingKind.DIFFERS or finding.field is None:
            # A record that is missing or too much is never acceptable.
            return Classified(finding, None, True, CauseKind(finding.kind.value).value, "", 100)
        field = self._plan.judged[finding.field]
        cause = self._classifiers[finding.field](finding.source_value, finding.target_value)
        return Classified(
            finding,
            field.column.name,
            field.rules.critical,
            cause.kind.value,
            cause.signature,
            cause.confidence,
        )
