"""The three layers together: when the LLM is asked, and what is decided."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample.llm import LlmAnswers
from dashboard.sample.scoring import Predictions, Versions, orchestrate
from queries.names import DISAGREEMENT, ESCALATION

_score = st.integers(0, 1_000_000).map(lambda parts: parts / 1_000_000)
_ticket = st.tuples(_score, _score, st.booleans(), _score, st.sampled_from(["", "llm_timeout"]))


def _run(tickets, threshold) -> Predictions:
    rules, ml, escalated, llm, error = (list(part) for part in zip(*tickets, strict=True))
    n = len(tickets)

    def words(word):
        return np.full(n, word, dtype=object)

    return orchestrate(
        Versions(words("rules-1"), words("xgb-1"), words("llm-1"), words("wf-1")),
        np.full(n, threshold),
        np.array(rules),
        np.array(ml),
        np.array(escalated),
        LlmAnswers(np.array(llm), np.full(n, 1_000.0), np.array(error, dtype=object)),
    )


@given(st.lists(_ticket, min_size=1, max_size=30), st.sampled_from([0.25, 0.3, 0.35]))
def test_the_llm_is_asked_on_escalation_and_disagreement_alone(tickets, threshold):
    p = _run(tickets, threshold)
    for row, (rules, ml, escalated, llm, error) in enumerate(tickets):
        parted = abs(rules - ml) > threshold
        assert p.asked[row] == (parted or escalated)
        trigger = ESCALATION if escalated else DISAGREEMENT if parted else None
        assert p.trigger[row] == trigger
        assert (p.versions.llm[row] is not None) == p.asked[row]
        if p.asked[row] and not error:
            assert p.llm_score[row] == llm == p.final_score[row]
            assert p.error[row] is None
        else:
            assert np.isnan(p.llm_score[row])
            assert p.final_score[row] == (rules + ml) / 2
            assert p.error[row] == (error if p.asked[row] else None)


def test_a_score_of_exactly_one_half_is_priority_and_none_is_no_decision():
    p = _run([(0.5, 0.5, False, 0.1, ""), (0.4, 0.5, False, 0.1, "")], 0.35)
    assert p.decided(p.final_score).tolist() == ["priority", "standard"]
    assert p.decided(p.llm_score).tolist() == [None, None]
