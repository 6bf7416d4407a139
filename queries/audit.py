"""The questions about ``prediction_audit``, under one name; each lives in its own small file."""

from __future__ import annotations

from queries.audit_configuration import configurations, prediction
from queries.audit_environments import disagreeing_pairs, pairs
from queries.audit_firing import firing_faults, pulse
from queries.audit_latency import calls, latency
from queries.audit_layers import correctness, layer_agreement
from queries.audit_parts import PAGE_SIZE
from queries.audit_threshold import gap_histogram
from queries.audit_versions import snapshot_faults, snapshots

__all__ = [
    "PAGE_SIZE",
    "calls",
    "configurations",
    "correctness",
    "disagreeing_pairs",
    "firing_faults",
    "gap_histogram",
    "latency",
    "layer_agreement",
    "pairs",
    "prediction",
    "pulse",
    "snapshot_faults",
    "snapshots",
]
