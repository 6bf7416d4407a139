"""One dictionary of terms: the tooltips and the Methods page both read it."""

from __future__ import annotations

# Alphabetical. Each meaning is one or two plain sentences, without markup.
ENTRIES: dict[str, str] = {
    "AC1": "Agreement of two people beyond chance; it holds where one answer is rare.",
    "Agreement": "Share of tickets on which two layers, or two environments, decide the same.",
    "Agreement threshold": (
        "How far the scores of rules and model may lie apart before the LLM is asked. "
        "It is part of the workflow configuration."
    ),
    "AIPW": (
        "Augmented inverse propensity weighting: Hájek weighting that also uses what the scores "
        "say of tickets nobody reviewed. Right if either of the two is right."
    ),
    "Anytime-valid": "Right however often one looks: looking every day raises no false alarm.",
    "As of": "The moment up to which anything is read; an earlier day shows how things stood.",
    "Attestation": "Computing a stored explanation again from the verified model, value by value.",
    "AUROC": (
        "How often a priority ticket has a higher score than a standard one: 1 is always, 0.5 is "
        "chance."
    ),
    "Batch": "A group of records that was moved together from a source system to a target table.",
    "Begg–Greenes": (
        "A correction of hit rates for tickets that nobody reviewed, used here as a cross-check."
    ),
    "Brier score": "The mean squared error of scores: 0 is best.",
    "Calibration": "Whether a score means what it says: at 0.3, three in ten are priority.",
    "Candidate": "The model that may replace the one in production.",
    "CBPE": (
        "Confidence-based performance estimation: the share of right decisions that the scores "
        "themselves let expect, if they still mean what they meant."
    ),
    "Churn": "The share of decisions that would be different under the candidate.",
    "Concept drift": "The same score no longer means the same: what it stands for has changed.",
    "Confidence sequence": (
        "A range that holds the true value at every look together, with 95% certainty. It is wider "
        "than an interval for one look."
    ),
    "Control total": "A sum, count, minimum or maximum taken on both sides of a move and compared.",
    "Cost-weighted loss": "What mistakes, LLM calls and reviews cost together, for each ticket.",
    "Counterfactual": "What would have had to be different for another decision.",
    "Counterfactual coverage": (
        "The share of tickets whose final decision under the candidate is known. Where it would "
        "have asked the LLM and nobody did, the outcome is unknown."
    ),
    "Current window": "The days that are looked at; they are compared with the reference window.",
    "DeLong": "A comparison of two AUROC values on the same tickets.",
    "Drill": "A rollback or demotion carried out for practice, and recorded like a real one.",
    "Drift": "A change over time in the data, in the scores, or in what a score means.",
    "E-process": (
        "Evidence that may be looked at every day: it starts at 1, and without anything to find it "
        "reaches 20 in at most 5 of 100 cases, however often one looks."
    ),
    "Effective sample size": "How many random reviews would tell as much as the weighted ones.",
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
    "Integrity failure": "A model file that is not what was signed. It is never loaded.",
    "Interval": "The range that the true value lies in, in 95 of 100 such measurements.",
    "Jensen–Shannon distance": (
        "How different two distributions are, from 0 (equal) to 1 (nothing in common). A shift "
        "by 0.2 standard deviations is about 0.085."
    ),
    "Labelled disagreement": (
        "A ticket on which both models decide differently and that a reviewer has judged: only "
        "these tell which model is better."
    ),
    "Laney p′": "Limits for the rates of large batches, which always differ a little by chance.",
    "Label delay": "How long it takes from a prediction until its review is in.",
    "Layer": "One of the three steps of scoring: rules, model, LLM.",
    "LLM": "Large language model: the third layer, asked only on disagreement or escalation.",
    "Log-odds": "The scale on which contributions add up: 0 is a risk of 0.5, 2 is 0.88.",
    "Model": "The statistical second layer that scores every ticket.",
    "n": "How many items were measured.",
    "No-go": "At least one required gate fails.",
    "Non-inferiority margin": (
        "How much worse a candidate may be and still be promoted; the evidence has to exclude more."
    ),
    "Override rate": "Share of decisions that a reviewer changes.",
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
    "Random review": "Review of tickets that chance alone chose; it shows what nobody suspected.",
    "Reconciliation": "Checking that every record that went in came out, or is accounted for.",
    "Reference window": "The days that count as usual; the current window is compared with them.",
    "Rollback target": "The earlier model that can take over when the present one has to go.",
    "Rules": "The first layer: fixed rules that score every ticket the same way each time.",
    "Score points": "Hundredths of a score: from 0.41 to 0.42 is one point.",
    "Seasonal twin": "The same weeks with the same weekdays a year before.",
    "Segment": "A part of the tickets, such as one kind of work or one region.",
    "Severity": "How much harm follows if a gate is not met: critical, major or minor.",
    "SHA-256": "A fingerprint of a file or text; any change gives another one.",
    "Shadow": "A candidate scores every ticket beside production, and nothing follows from it.",
    "SHAP": "A way to share out a score among the features that led to it.",
    "Signature": "Proof that a key holder vouched for exactly this file in exactly this role.",
    "SLA": "Service level agreement: how fast and how reliable the platform has to be.",
    "Snapshot": "The versions of rules, model, LLM and configuration, stored with each prediction.",
    "Threshold": "The limit that a gate's number is compared with.",
    "Ticket": "One piece of work that the platform scores for risk.",
    "UTC": "Coordinated universal time. All days and times are in UTC.",
    "Waiver": "A signed permission to go on although a gate does not pass, for at most 30 days.",
    "Workflow configuration": "Decides when the LLM is asked and which tickets get priority.",
    "κ": "Cohen’s kappa: agreement of two people beyond what chance would give; 1 is complete.",
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
