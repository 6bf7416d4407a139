"""Long measurements: ratios side by side in one run, never an assertion on time."""

import logging

# A page opened outside a server makes Streamlit warn of that on every rerun.
logging.disable(logging.WARNING)
