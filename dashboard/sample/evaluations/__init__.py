"""Evaluation suites of the sample, computed from what the platform has recorded."""

from dashboard.sample.evaluations.programme import evaluate

__all__ = ["evaluate"]
