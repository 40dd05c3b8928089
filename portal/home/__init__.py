"""Home, and the search over everything."""
