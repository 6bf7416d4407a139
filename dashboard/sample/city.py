"""The town of the generated tickets: work types, regions, channels, features and rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.sample.features import Feature, Kind, Schema
from dashboard.sample.rules import Condition, Operator, Rule, RuleSet


@dataclass(frozen=True, slots=True)
class WorkType:
    """A kind of work.

    ``share`` of all tickets over a year; ``swing`` of that share over the year with its high in
    ``peak`` (month); ``risk`` is its log-odds of needing priority. ``asset`` has an age,
    ``network`` has customers behind it, ``wet`` is made worse by rain.
    """

    name: str
    share: float
    risk: float
    peak: int
    swing: float
    asset: bool = False
    network: bool = False
    wet: bool = False


WORK_TYPES: tuple[WorkType, ...] = (
    WorkType("Bulky items", 0.20, -3.2, peak=6, swing=0.2),
    WorkType("Pothole", 0.16, -2.5, peak=2, swing=0.5, asset=True, wet=True),
    WorkType("Graffiti", 0.14, -3.3, peak=7, swing=0.1),
    WorkType("Sewer", 0.12, -1.6, peak=1, swing=0.3, asset=True, network=True, wet=True),
    WorkType("Street light", 0.10, -2.3, peak=12, swing=0.4, asset=True, network=True),
    WorkType("Water main", 0.09, -0.6, peak=1, swing=0.3, asset=True, network=True),
    WorkType("Illegal dumping", 0.08, -2.8, peak=5, swing=0.2),
    WorkType("Tree", 0.06, -1.9, peak=10, swing=0.5, wet=True),
    WorkType("Traffic signal", 0.03, 0.0, peak=11, swing=0.1, asset=True, network=True),
    WorkType("Sidewalk", 0.02, -2.4, peak=4, swing=0.2, asset=True),
)

REGIONS = ("Central", "North", "East", "South", "West")
REGION_SHARES = (0.30, 0.20, 0.18, 0.16, 0.16)
"""Large enough that shares of decisions, compared between regions, are no play of chance."""

CHANNELS = ("phone", "mobile_app", "web", "crew", "email")
CHANNEL_SHARES = (0.42, 0.30, 0.18, 0.07, 0.03)

WORK_TYPE_NAMES = tuple(work_type.name for work_type in WORK_TYPES)

SCHEMA = Schema(
    (
        Feature("hour", Kind.NUMBER),
        Feature("weekday", Kind.NUMBER),
        Feature("after_hours", Kind.FLAG),
        Feature("channel", Kind.CATEGORY, categories=CHANNELS),
        Feature("work_type", Kind.CATEGORY, categories=WORK_TYPE_NAMES),
        Feature("anonymous", Kind.FLAG),
        Feature("address_verified", Kind.FLAG),
        Feature("open_in_area_24h", Kind.NUMBER),
        Feature("same_type_area_7d", Kind.NUMBER),
        Feature("reporter_tickets_90d", Kind.NUMBER),
        Feature("asset_age_years", Kind.NUMBER, decimals=1),
        Feature("reported_hazard", Kind.FLAG),
        Feature("customers_affected", Kind.NUMBER),
        Feature("rain_mm", Kind.NUMBER, decimals=1),
        Feature("description_length", Kind.NUMBER),
    )
)


def _is(feature: str, value: str | bool = True) -> Condition:
    return Condition(feature, Operator.IS, value)


def _in(feature: str, *values: str) -> Condition:
    return Condition(feature, Operator.IN, values)


def _at_least(feature: str, value: float) -> Condition:
    return Condition(feature, Operator.AT_LEAST, value)


_URGENT = ("Water main", "Traffic signal")
_HARMLESS = ("Bulky items", "Graffiti")
_PATIENT = ("Illegal dumping", "Sidewalk")

FIRST_RULES = RuleSet(
    version="rules-1",
    base=20,
    reason="Rules in force when the audit began",
    rules=(
        Rule("A hazard was reported", 45, (_is("reported_hazard"),)),
        Rule("Water or signals are affected", 32, (_in("work_type", *_URGENT),)),
        Rule("Sewers", 18, (_is("work_type", "Sewer"),)),
        Rule("Nothing that can harm anybody", -15, (_in("work_type", *_HARMLESS),)),
        Rule("Dumping and sidewalks can wait", -10, (_in("work_type", *_PATIENT),)),
        Rule("Many customers are affected", 26, (_at_least("customers_affected", 20),)),
        Rule("The asset is old", 16, (_at_least("asset_age_years", 40),)),
        Rule(
            "Heavy rain on sewers, roads and trees",
            26,
            (_at_least("rain_mm", 10), _in("work_type", "Sewer", "Pothole", "Tree")),
        ),
        Rule("The same again and again near by", 14, (_at_least("same_type_area_7d", 5),)),
        Rule(
            "At night, on the network",
            14,
            (_is("after_hours"), _in("work_type", "Sewer", *_URGENT)),
        ),
        Rule(
            "Nobody to ask and no address",
            -14,
            (_is("anonymous"), _is("address_verified", value=False)),
        ),
        Rule("A crew on the spot asks for it", 18, (_is("channel", "crew"),)),
    ),
)

SECOND_RULES = replace(
    FIRST_RULES,
    version="rules-2",
    reason="Crews and long descriptions carry more weight after the spring review",
    rules=(
        *FIRST_RULES.rules[:-1],
        Rule("A crew on the spot asks for it", 24, (_is("channel", "crew"),)),
        Rule("A long description", 8, (_at_least("description_length", 400),)),
    ),
)

RULES = (FIRST_RULES, SECOND_RULES)
