"""A PostgreSQL server that lives exactly as long as the program that uses it."""

from dashboard.embedded.cluster import EmbeddedServer

__all__ = ["EmbeddedServer"]
