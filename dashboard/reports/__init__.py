"""Files that leave the product: each says what it holds, as of when, and under which policy."""
