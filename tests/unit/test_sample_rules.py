"""The rules engine."""

import numpy as np
import pytest

from dashboard.sample import city
from dashboard.sample.features import Feature, Features, Kind, Schema
from dashboard.sample.rules import Condition, Operator, Rule, RuleSet
from queries.errors import InvalidInputError

SCHEMA = Schema(
    (Feature("age", Kind.NUMBER), Feature("kind", Kind.CATEGORY, categories=("sewer", "tree")))
)
NAN = float("nan")
TICKETS = Features.rounded(SCHEMA, {"age": [10, 50, NAN, 50], "kind": [0, 0, 1, NAN]})


def _score(*conditions: Condition, points: int = 40, base: int = 20) -> list[float]:
    rules = RuleSet("r", base, (Rule("one", points, conditions),), "a test")
    return rules.score(TICKETS).tolist()


def test_points_are_given_where_every_condition_holds():
    old = Condition("age", Operator.AT_LEAST, 40)
    sewer = Condition("kind", Operator.IS, "sewer")
    assert _score(old, sewer) == [0.2, 0.6, 0.2, 0.2]


@pytest.mark.parametrize(
    ("operator", "value"), [(Operator.AT_LEAST, 0), (Operator.BELOW, 1e9), (Operator.IS, 0)]
)
def test_a_missing_value_satisfies_no_comparison(operator, value):
    assert _score(Condition("age", operator, value))[2] == 0.2


def test_missing_itself_can_be_asked_for():
    assert _score(Condition("age", Operator.MISSING)) == [0.2, 0.2, 0.6, 0.2]


def test_scores_stay_between_nought_and_one():
    anything = Condition("age", Operator.AT_LEAST, 0)
    assert max(_score(anything, points=95)) == 1
    assert min(_score(anything, points=-95)) == 0


def test_an_unknown_feature_or_value_is_named_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"“size”.*age, kind"):
        _score(Condition("size", Operator.MISSING))
    with pytest.raises(InvalidInputError, match=r"“bridge”.*sewer, tree"):
        _score(Condition("kind", Operator.IS, "bridge"))


@pytest.mark.parametrize("rules", city.RULES)
def test_each_rule_of_the_town_applies_to_some_tickets_and_not_to_all(rules):
    from datetime import UTC, datetime

    from dashboard.sample.recipe import Recipe
    from dashboard.sample.tickets_generated import GeneratedTickets

    recipe = Recipe(20_000, years=1.0, clean=True, until=datetime(2026, 11, 1, tzinfo=UTC))
    source = GeneratedTickets(recipe)
    features = source.tickets(0, len(source.times)).features
    assert len(rules.rules) >= 12
    for rule in rules.rules:
        holds = np.all([condition.holds(features) for condition in rule.conditions], axis=0)
        assert 0 < holds.mean() < 0.5, rule.name
