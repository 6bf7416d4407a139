"""Feedback: what reviewers corrected, how far they can be trusted, and what retraining did."""
