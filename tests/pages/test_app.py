"""What surrounds the pages: an unforeseen error tells a reference and nothing else."""

from __future__ import annotations

import logging
import re

import pytest
from streamlit.testing.v1 import AppTest


def _breaks() -> None:
    from dashboard.app import on_script_error

    try:
        raise ValueError("postgresql://somebody:hunter2@host/db")
    except ValueError as error:
        on_script_error(error)


def test_an_unforeseen_error_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="plumbline"):
        page = AppTest.from_function(_breaks).run()

    shown = page.error[0].value
    reference = re.search(r"\*\*([0-9a-f]{8})\*\*", shown)
    assert reference is not None
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert reference.group(1) in told
    assert "ValueError" in told
    for secret in ("hunter2", "somebody"):
        assert secret not in shown
        assert secret not in told.replace('raise ValueError("postgresql://somebody:hunter2@', "")
