"""What a viewer sees before there is anything to see: how to begin, and how to sign in."""

from __future__ import annotations

import streamlit as st

_START = """
Plumbline reads a PostgreSQL database and needs to know which one.

**To look around first**, stop this server and run the sample programme. It brings its own
PostgreSQL:

```shell
plumbline demo
```

**To oversee your own tables**, give the URL of a role that may only read, check the tables
against the contract, and start again:

```shell
export PLUMBLINE_SOURCE_URL=postgresql://reader@host:5432/database
plumbline check
plumbline serve
```

Tables with other names need views; `plumbline contract --sql` prints templates for them.
"""


def how_to_start() -> None:
    """Say which two ways there are to begin."""
    st.html('<p class="pl-answer">No database is configured yet.</p>')
    st.markdown(_START)


def sign_in() -> None:
    """Ask for a sign-in; a session that is over asks again."""
    st.html('<p class="pl-answer">Sign in to see the programme.</p>')
    st.button("Sign in", on_click=st.login, icon=":material/login:")
