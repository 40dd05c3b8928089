"""Every verb, on real rows: what it does, what it refuses, and what it writes down."""
