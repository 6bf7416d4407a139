"""The server's version, and whether the role can do more than read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from queries.contract_catalog import RelationFacts, ServerFacts
from queries.contract_findings import Finding, Severity

OLDEST_SERVER = 15
_NEW_ROLE = "Connect with a role that has SELECT alone: the example ends plumbline contract --sql."


def version(server: ServerFacts) -> Iterator[Finding]:
    """A server older than the oldest one tested."""
    if server.version_number < OLDEST_SERVER * 10_000:
        yield Finding(
            Severity.PROBLEM,
            None,
            None,
            f"The server is PostgreSQL {server.version}; {OLDEST_SERVER} or newer is needed",
            "Upgrade the server, or read from a replica that is newer.",
        )


def privileges(
    server: ServerFacts, schema: str, present: Mapping[str, RelationFacts]
) -> Iterator[Finding]:
    """Whatever lets the role change what it oversees."""
    if server.superuser:
        yield Finding(
            Severity.PROBLEM,
            None,
            None,
            f"The role “{server.role}” is a superuser: oversight could change what it oversees",
            _NEW_ROLE,
        )
        return  # a superuser has every privilege: naming each would say the same again
    if server.may_create_in_schema:
        yield Finding(
            Severity.WARNING,
            None,
            None,
            f"The role “{server.role}” may create objects in schema “{schema}”",
            f'REVOKE CREATE ON SCHEMA "{schema}" FROM "{server.role}", PUBLIC.',
        )
    for facts in present.values():
        yield from _on_relation(server.role, facts)


def _on_relation(role: str, facts: RelationFacts) -> Iterator[Finding]:
    if facts.owned:
        yield Finding(
            Severity.PROBLEM,
            facts.name,
            None,
            f"The role “{role}” owns it, and can therefore change or drop it",
            _NEW_ROLE,
        )
    elif facts.beyond_select:
        granted = ", ".join(facts.beyond_select)
        yield Finding(
            Severity.PROBLEM,
            facts.name,
            None,
            f"The role “{role}” has more than SELECT: {granted}",
            f'REVOKE {granted} ON {facts.name} FROM "{role}".',
        )
