"""A candidate beside production: everything the page, the gates and the reports say of it."""

from __future__ import annotations

import hashlib

import numpy as np

from components.gates.policy import Policy
from components.gates.status import Status
from components.layout.numbers import signed
from components.shadow.assess_chances import distrust
from components.shadow.assess_coverage import agreement, coverage
from components.shadow.assess_fairness import fairness
from components.shadow.assess_groups import slices
from components.shadow.assess_quality import cost, quality, unit_costs
from components.shadow.assess_scores import induced, latency, scores
from components.shadow.assess_time import course, outlook, sequential
from components.shadow.material import Judged, Material, Rules
from components.shadow.types import Change, NamedSlice, Pairing, Sequential, ShadowReport
from components.statistics.slices import SliceState
from queries.shadow_rows import Kind

ACCURACY_METRIC = "shadow.accuracy_difference"
HARM_METRIC = "shadow.harm_e_value"
GROUP_METRIC = "fairness.worst_group_difference"
DAYS_METRIC = "shadow.exposure_days"
LABELS_METRIC = "shadow.labelled_disagreements"


def rules(policy: Policy) -> Rules:
    """Margins and minimums as the policy's gates have them, so that page and gates agree."""
    limits = {one.metric: float(one.threshold) for one in policy.requirements}
    plain = Rules(policy.shadow)
    return Rules(
        policy=policy.shadow,
        margin=limits.get(ACCURACY_METRIC, plain.margin),
        slice_margin=limits.get(GROUP_METRIC, plain.slice_margin),
        e_limit=limits.get(HARM_METRIC, plain.e_limit),
        minimum_days=int(limits.get(DAYS_METRIC, plain.minimum_days)),
        minimum_labels=int(limits.get(LABELS_METRIC, plain.minimum_labels)),
    )


def report(material: Material, given: Rules) -> ShadowReport:
    """The comparison as a whole."""
    judged = Judged.of(material.labels)
    load = induced(material)
    found = course(material, judged, given)
    over_time = sequential(material, found, given) if found else None
    groups = slices(material, found, given) if found else ()
    covered = coverage(material, given.policy.minimum_slice)
    status, answer = _answer(material, over_time, groups, given.slice_margin)
    return ShadowReport(
        as_of=material.as_of,
        pairing=_pairing(material, covered.total.predictions, covered.total.scored),
        coverage=covered,
        agreement=agreement(material),
        scores=scores(material),
        latency=latency(material),
        induced=load,
        quality=quality(material, judged, given.policy),
        cost=cost(judged, load, unit_costs(given.policy.costs)),
        sequential=over_time,
        forecast=outlook(found, given) if found else None,
        slices=groups,
        fairness=fairness(material, judged, given.policy),
        changes=tuple(Change(one.knob, one.version, one.valid_from) for one in material.switches),
        training=sum(run.window_end is not None for run in material.training),
        overlap_days=_overlap_days(material),
        doubt=distrust(material, given),
        answer=answer,
        status=status,
        caveats=_caveats(material, judged, given),
    )


def _pairing(material: Material, rows: int, scored: int) -> Pairing:
    return Pairing(
        candidate=material.pair.candidate,
        production=material.pair.production,
        start=material.start,
        end=material.end,
        days=int(np.unique(material.tallies(Kind.DIFFERENCE).days).size),
        rows=rows,
        scored=scored,
        first=material.pair.since,
        last=material.last_at,
        reviewed_until=material.labels.newest,
        digest=_digest(material),
    )


def _digest(material: Material) -> str:
    """Of every count and every review, in an order that does not depend on who was asked."""
    made = hashlib.sha256(f"{material.pair}".encode())
    for kind, found in sorted(material.whole.items()):
        order = np.lexsort((found.keys, found.days))
        made.update(f"{int(kind)}".encode())
        for column in (found.days, found.keys, found.counts, found.totals):
            made.update(np.ascontiguousarray(column[order]).tobytes())
    labels = material.labels
    for reviews in (labels.ticket, labels.correct, labels.severity, labels.reviewed):
        made.update(np.ascontiguousarray(reviews).tobytes())
    return made.hexdigest()


def _answer(
    material: Material,
    over_time: Sequential | None,
    groups: tuple[NamedSlice, ...],
    margin: float,
) -> tuple[Status, str]:
    """One sentence: harm first, over all or in a group, then what the evidence says so far."""
    name = material.pair.candidate
    worse = [one for one in groups if _harmed(one, margin)]
    if over_time is None:
        return Status.NO_DATA, f"{name} cannot be judged yet: no day's labels have come in."
    if worse and over_time.status is not Status.FAIL:
        first = worse[0].slice
        mean = f"{signed(first.look.mean * 100)} points" if first.look else ""
        words = f"{name} does harm in {_group(first.group)}: {mean} there, proven."
        return Status.FAIL, f"{words} {over_time.sentence}"
    return over_time.status, f"{name}: {over_time.sentence}"


def _harmed(group: NamedSlice, margin: float) -> bool:
    """Proven worse, and not shown to be within the margin of groups."""
    look = group.slice.look
    if group.slice.state is not SliceState.WORSE or look is None or look.low is None:
        return False
    return look.low <= margin


def _group(key: str) -> str:
    dimension, _, name = key.partition("=")
    return f"{dimension.replace('_', ' ')} {name}"


def _caveats(material: Material, judged: Judged, given: Rules) -> tuple[str, ...]:
    found = []
    unknown = int(np.isnan(judged.labels.propensity).sum())
    if unknown:
        found.append(
            f"{unknown:,} reviews have no known propensity: they are in the naive numbers only."
        )
    known = judged.weighted.labels.propensity
    cut = int((known < 1 / given.policy.largest_weight).sum())
    if cut:
        found.append(
            f"{cut:,} reviews were so unlikely that their weight is cut at "
            f"{given.policy.largest_weight:,}: evidence over time leans towards what was reviewed."
        )
    if _overlap_days(material):
        found.append(
            f"The candidate was trained on tickets of {_overlap_days(material):,} days of this "
            "comparison: it has seen part of what it is judged by."
        )
    found.append(
        "Decisions are those of the model layer alone. Reviews of the last "
        f"{given.policy.label_days} days are still coming in and do not count over time."
    )
    return tuple(found)


def _overlap_days(material: Material) -> int:
    """Days of the comparison from which training data came; 0 where the window is unknown."""
    days = 0
    for run in material.training:
        if run.window_start is None or run.window_end is None:
            continue
        first = max(run.window_start.date(), material.start)
        last = min(run.window_end.date(), material.end)
        days = max(days, (last - first).days + (run.window_end.date() < material.end))
    return max(0, days)
