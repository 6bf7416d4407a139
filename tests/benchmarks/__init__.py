"""How long the pages' questions take, beside the barest question about the same rows."""
