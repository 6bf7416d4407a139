"""Drift: what moved, since when, how sure, and how much it moved the score."""
