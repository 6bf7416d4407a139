"""Recomputing stored explanations from verified models."""
