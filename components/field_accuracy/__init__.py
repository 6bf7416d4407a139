"""Field accuracy: which fields arrive as they left, by the pipeline and by our own recount."""
