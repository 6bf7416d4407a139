"""What surrounds the pages: an unforeseen error tells a reference and nothing else."""

from __future__ import annotations

import logging
import re
import tomllib
from pathlib import Path

import pytest
from streamlit import config, error_util
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


def test_streamlits_own_report_of_an_error_does_not_reach_the_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    import dashboard.app  # noqa: F401 - sets the log up

    config.set_option("logger.enableRich", False)
    error = ValueError("postgresql://somebody:hunter2@host/db")

    error_util.handle_user_script_exception(error, lambda _: True)

    written = capsys.readouterr()
    assert "hunter2" not in written.out + written.err + caplog.text


def test_the_shipped_settings_write_no_tracebacks_of_streamlits_own() -> None:
    path = Path(__file__).parents[2] / ".streamlit" / "config.toml"

    assert tomllib.loads(path.read_text(encoding="utf-8"))["logger"]["enableRich"] is False
