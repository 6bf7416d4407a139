"""Long measurements: ratios side by side in one run, never an assertion on time."""

import os

# A page opened outside a server makes Streamlit warn of that on every rerun.
os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")
