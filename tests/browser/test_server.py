"""What every response carries, and what a load balancer is told."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import serving

pytestmark = pytest.mark.browser


def asked(base: str, path: str) -> tuple[HTTPResponse, bytes]:
    """One request, with what came back."""
    connection = HTTPConnection(str(urlsplit(base).netloc), timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize("path", ["/", "/pipeline", "/api/ready", "/_stcore/health"])
def test_responses_carry_the_security_headers(path: str, served: str) -> None:
    response, _ = asked(served, path)

    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "object-src 'none'" in str(response.headers["Content-Security-Policy"])


def test_ready(served: str) -> None:
    response, body = asked(served, "/api/ready")

    assert (response.status, json.loads(body)) == (200, {"status": "ready"})


def test_not_ready_says_why_without_an_address() -> None:
    with serving(PLUMBLINE_SOURCE_URL="postgresql://somebody:hunter2@127.0.0.1:1/db") as base:
        response, body = asked(base, "/api/ready")

    assert (response.status, json.loads(body)) == (503, {"status": "database unreachable"})


def test_not_configured_is_not_ready() -> None:
    with serving() as base:
        response, body = asked(base, "/api/ready")

    assert (response.status, json.loads(body)) == (503, {"status": "not configured"})


def test_the_first_page_answers_to_its_name_as_well(served: str) -> None:
    response, _ = asked(served, "/status?as_of=2026-10-01")

    assert response.status == 307
    assert urlsplit(response.headers["Location"])[2:4] == ("/", "as_of=2026-10-01")
