"""The LLM layer, simulated: no language model is called, and its version says so.

It reads more from a ticket than the other layers do, so its score leans towards the truth,
and it is still wrong at times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.sample.features import Flags, Floats, Integers

TIMEOUT = "llm_timeout"
REFUSED = "llm_unavailable"

_ERROR_SHARE = 0.0025
_MEDIAN_MS = 1_650.0
_SPREAD = 0.42


@dataclass(frozen=True, slots=True)
class LlmAnswers:
    """What the LLM would answer on each ticket, if it were asked.

    ``latency_ms`` is what a call takes. Where ``error`` is not empty the call fails.
    """

    score: Floats
    latency_ms: Floats
    error: np.ndarray

    def take(self, rows: Integers) -> LlmAnswers:
        """Some of them."""
        return LlmAnswers(self.score[rows], self.latency_ms[rows], self.error[rows])


def simulate(rng: np.random.Generator, need: Flags, ml_score: Floats) -> LlmAnswers:
    """Draw the answers to all tickets; a caller uses those of the tickets that were asked."""
    n = len(need)
    belief = np.log(np.clip(ml_score, 0.01, 0.99) / (1 - np.clip(ml_score, 0.01, 0.99)))
    read = np.where(need, 1.9, -1.9) + rng.normal(0.0, 1.35, n)
    score = np.round(1 / (1 + np.exp(-(read + 0.35 * belief))), 4)
    latency = _MEDIAN_MS * rng.lognormal(0.0, _SPREAD, n)
    draw = rng.random(n)
    error = np.where(draw < _ERROR_SHARE, TIMEOUT, "").astype(object)
    error[draw < _ERROR_SHARE / 4] = REFUSED
    latency = np.where(error == TIMEOUT, 8_000.0, latency)
    return LlmAnswers(score, latency, error)
