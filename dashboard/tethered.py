"""The app's own process: it ends when the program that started it is gone.

``plumbline`` holds the other end of the pipe on standard input. A killed program closes it
without a word, and an app left behind would keep the port.
"""

from __future__ import annotations

import os
import signal
import sys
from threading import Thread
from time import sleep

POLITE_S = 2.0


def end_with_parent() -> None:
    """Wait for the end of standard input, then stop this process, gently first."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(POLITE_S)
    os._exit(1)


def main() -> None:
    """Run Streamlit with the arguments given, tied to the parent's life."""
    Thread(target=end_with_parent, name="plumbline-tether", daemon=True).start()
    from streamlit.web.cli import main as streamlit

    streamlit(["run", *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
