"""Statistics that judgement rests on: pure functions, each with its source."""
