"""A member-records migration, really run: legacy tables, target tables, and what the load says."""

from dashboard.sample.migration.programme import build

__all__ = ["build"]
