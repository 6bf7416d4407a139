"""Results of other tools: read, checked and judged again before anything is kept."""
