"""Alerts raised, told and answered."""
