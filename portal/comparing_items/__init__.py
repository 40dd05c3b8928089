"""Comparing one table between two environments: at once by a query, in the background for more."""
