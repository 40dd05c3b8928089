"""Approvals: what waits for this person's decision, and what was decided lately."""
