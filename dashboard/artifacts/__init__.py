"""Model files read, verified and loaded; nothing is ever unpickled."""
