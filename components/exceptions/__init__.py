"""Exceptions of a migration: what caused them, and which of them are one defect."""
