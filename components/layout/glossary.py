"""One dictionary of terms: the tooltips and the Methods page both read it."""

from __future__ import annotations

# Alphabetical. Each meaning is one or two plain sentences, without markup.
ENTRIES: dict[str, str] = {
    "Agreement": "Share of tickets on which two layers, or two environments, decide the same.",
    "Agreement threshold": (
        "How far the scores of rules and model may lie apart before the LLM is asked. "
        "It is part of the workflow configuration."
    ),
    "As of": "The moment up to which anything is read; an earlier day shows how things stood.",
    "Batch": "A group of records that was moved together from a source system to a target table.",
    "Candidate": "The model that may replace the one in production.",
    "Control total": "A sum, count, minimum or maximum taken on both sides of a move and compared.",
    "Drift": "A change over time in the data, in the scores, or in what a score means.",
    "Escalation": "A ticket marked for closer attention; the LLM always looks at it.",
    "Evidence": "What was measured for a gate: value, number of items, time and method.",
    "EWMA": "A moving average in which older batches count less and less; it shows a lasting rise.",
    "Exception": "A record that failed to load or that differs between source and target.",
    "Fail closed": "What was not measured, or cannot be compared, never counts as passed.",
    "Gate": "One acceptance criterion: a number, its limit, who answers for it, and why.",
    "Go": "Every required gate passes, or is waived by a valid signature.",
    "Hájek weighting": (
        "Each reviewed ticket counts as many times as tickets like it exist, so that a review "
        "of hard tickets does not distort the whole."
    ),
    "Hold": "Something required was not measured, is too old, or could not be computed.",
    "Interval": "The range that the true value lies in, in 95 of 100 such measurements.",
    "Laney p′": "Limits for the rates of large batches, which always differ a little by chance.",
    "Layer": "One of the three steps of scoring: rules, model, LLM.",
    "LLM": "Large language model: the third layer, asked only on disagreement or escalation.",
    "Model": "The statistical second layer that scores every ticket.",
    "n": "How many items were measured.",
    "No-go": "At least one required gate fails.",
    "p50": "Half of the requests were at least this fast.",
    "p95": "95 of 100 requests were at least this fast.",
    "p99": "99 of 100 requests were at least this fast.",
    "Policy": "The acceptance criteria as a file; its version is a digest of its content.",
    "Prediction": "One scoring of one ticket, with the versions that made it.",
    "Production": "The environment or the model whose decisions count.",
    "Propensity": "The probability with which a prediction was chosen for review.",
    "PSI": (
        "Population stability index: how different two distributions are. 0 is equal; the value "
        "depends on the bins, so it is compared only with itself."
    ),
    "Reconciliation": "Checking that every record that went in came out, or is accounted for.",
    "Rules": "The first layer: fixed rules that score every ticket the same way each time.",
    "Segment": "A part of the tickets, such as one kind of work or one region.",
    "Severity": "How much harm follows if a gate is not met: critical, major or minor.",
    "SHA-256": "A fingerprint of a file or text; any change gives another one.",
    "SHAP": "A way to share out a score among the features that led to it.",
    "SLA": "Service level agreement: how fast and how reliable the platform has to be.",
    "Snapshot": "The versions of rules, model, LLM and configuration, stored with each prediction.",
    "Threshold": "The limit that a gate's number is compared with.",
    "Ticket": "One piece of work that the platform scores for risk.",
    "UTC": "Coordinated universal time. All days and times are in UTC.",
    "Waiver": "A signed permission to go on although a gate does not pass, for at most 30 days.",
    "Workflow configuration": "Decides when the LLM is asked and which tickets get priority.",
}


def help_for(term: str) -> str:
    """What a term means, for a tooltip.

    Raises:
        KeyError: the glossary has no such term; add it rather than go without.
    """
    return ENTRIES[term]


def ordered() -> tuple[tuple[str, str], ...]:
    """All terms with their meanings, in alphabetical order without regard to case."""
    return tuple(sorted(ENTRIES.items(), key=lambda entry: entry[0].casefold()))
