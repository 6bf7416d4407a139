"""``plumbline reconcile``: a specification in TOML, checked, resolved, run."""
