"""The script that Streamlit runs for every viewer and every click."""

from dashboard.navigation import run

run()
