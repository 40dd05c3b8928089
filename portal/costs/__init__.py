"""Costs: what was spent, what changed and why, where and on what, and how that is known."""
