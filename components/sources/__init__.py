"""The tables that are read: whether they are there, fresh, and as the contract wants them."""
