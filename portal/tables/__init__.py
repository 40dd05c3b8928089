"""Exploring a table: one row of controls, its items, and what can be done with each value."""
