"""Reviewers: logged propensities are the true ones, and training sees nothing from the future."""

from datetime import UTC, datetime

import numpy as np
import pytest

from dashboard.sample import reviews
from dashboard.sample.llm import simulate
from dashboard.sample.recipe import Recipe
from dashboard.sample.scoring import Versions, orchestrate
from dashboard.sample.tickets_generated import GeneratedTickets

NONE = np.float64(0)
"""No candidate is compared."""


@pytest.fixture(scope="module")
def tickets():
    recipe = Recipe(40_000, years=1.0, clean=True, until=datetime(2026, 11, 1, tzinfo=UTC))
    source = GeneratedTickets(recipe)
    return source.tickets(0, len(source.times))


@pytest.fixture(scope="module")
def predictions(tickets):
    n = len(tickets)
    rng = np.random.default_rng(1)
    rules, ml = rng.random(n), rng.random(n)
    same = np.full(n, "v", dtype=object)
    answers = simulate(rng, tickets.need, ml)
    versions = Versions(same, same, same, same)
    return orchestrate(versions, np.full(n, 0.35), rules, ml, tickets.escalated, answers)


def test_weighting_by_the_logged_propensity_finds_the_truth(tickets, predictions):
    """Hájek's estimate of a share over all tickets, from reviewed ones, within 4 errors."""
    rng = np.random.default_rng(2)
    share = np.full(len(tickets), 0.05)
    compared = np.where(predictions.ml_score > 0.9, 0.8, 0.0)
    selection = reviews.select(rng, predictions, tickets.escalated, share, compared)
    weight = 1 / selection.propensity[selection.chosen]
    for truth in (tickets.need, tickets.escalated, predictions.asked):
        seen = truth[selection.chosen]
        estimate = (weight * seen).sum() / weight.sum()
        error = np.sqrt((weight**2 * (seen - estimate) ** 2).sum()) / weight.sum()
        assert abs(estimate - truth.mean()) < 4 * error
        assert error < 0.02


def test_naive_shares_of_reviewed_tickets_are_biased(tickets, predictions):
    rng = np.random.default_rng(2)
    share = np.full(len(tickets), 0.05)
    selection = reviews.select(rng, predictions, tickets.escalated, share, NONE)
    asked = predictions.asked
    assert asked[selection.chosen].mean() > 1.3 * asked.mean()


def test_every_ticket_has_at_least_the_random_floor(tickets, predictions):
    share = np.full(len(tickets), 0.015)
    selection = reviews.select(
        np.random.default_rng(3), predictions, tickets.escalated, share, NONE
    )
    assert selection.propensity.min() >= 0.015
    assert selection.propensity.max() < 1


def test_training_sees_first_reviews_that_were_known_in_time(tickets, predictions):
    rng = np.random.default_rng(4)
    share = np.full(len(tickets), 0.2)
    selection = reviews.select(rng, predictions, tickets.escalated, share, NONE)
    decision = predictions.decided(predictions.final_score)
    nobody = reviews.Contrary(-1, np.zeros(len(tickets)))
    made = reviews.review(rng, tickets, selection, decision, nobody, pace=1.0)
    assert (made.reviewed_at > tickets.scored_at[made.row]).all()
    assert 0 < made.second.mean() < 0.1
    labels = reviews.Labels(tuple(tickets.features.schema.names))
    labels.add(tickets, made, selection.propensity)
    middle = int(np.median(made.reviewed_at))
    known = labels.known_at(middle, largest_weight=25)
    expected = (~made.second & (made.reviewed_at < middle)).sum()
    assert len(known) == expected
    assert (np.diff(known.scored_at) >= 0).all()
    assert known.weight.max() <= 25


def test_one_drifting_reviewer_turns_decisions_round(tickets, predictions):
    rng = np.random.default_rng(5)
    n = len(tickets)
    selection = reviews.select(rng, predictions, tickets.escalated, np.full(n, 0.3), NONE)
    decision = predictions.decided(predictions.final_score)
    drifting = reviews.Contrary(4, np.ones(n))
    made = reviews.review(rng, tickets, selection, decision, drifting, pace=1.0)
    changed = made.priority != (decision[made.row] == "priority")
    assert changed[made.reviewer == 4].all()
    assert changed[made.reviewer != 4].mean() < 0.7


def test_what_candidates_part_on_is_reviewed_blinded(tickets, predictions):
    rng = np.random.default_rng(6)
    n = len(tickets)
    parted = predictions.ml_score > 0.9
    selection = reviews.select(rng, predictions, tickets.escalated, np.zeros(n), parted * 1.0)
    assert selection.chosen[parted].all()
    decision = predictions.decided(predictions.final_score)
    nobody = reviews.Contrary(-1, np.zeros(n))
    made = reviews.review(rng, tickets, selection, decision, nobody, pace=1.0)
    compared = made.reason == len(reviews.REASONS) - 1
    assert made.blinded[compared].all()
    assert parted[made.row[compared]].all()
