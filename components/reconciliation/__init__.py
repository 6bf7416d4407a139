"""Records in against records out: batches that must close, control totals that must agree."""
