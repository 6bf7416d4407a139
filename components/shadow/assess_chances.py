"""Whether the chances of review on record can be right: everything weighted rests on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from components.gates.evidence import Evidence
from components.shadow.assess_evidence_labels import FULL, PLAIN
from components.shadow.assess_quality import population_cells
from components.shadow.material import Judged, Material, Rules
from components.statistics.weight_total import adds_up, contradiction
from components.statistics.weighting import WEIGHT_CAP


def distrust(material: Material, rules: Rules) -> str:
    """Why they cannot be right; empty where they can be, or where no label has had its time."""
    ripe = material.days - rules.policy.label_days
    day, _, counts = population_cells(material)
    tickets = int(counts[day < ripe].sum())
    known = Judged.of(material.labels).weighted
    weights = known.weights(WEIGHT_CAP)[known.labels.day - material.first_day < ripe]
    if not weights.size or adds_up(float(weights.sum()), tickets):
        return ""
    return contradiction(float(weights.sum()), tickets)


def trusted(made: Iterable[Evidence], doubt: str, rules: Rules) -> Iterator[Evidence]:
    """The same without the numbers that rest on chances in doubt; proven harm stands."""
    for one in made:
        harm = one.metric == "shadow.harm_e_value" and float(one.value or 0) >= rules.e_limit
        if not doubt or one.method in {FULL, PLAIN} or harm:
            yield one
        else:
            yield replace(one, value=None, low=None, high=None, running=False, sentence=doubt)
