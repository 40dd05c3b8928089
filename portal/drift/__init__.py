"""Drift: what of an environment's stacks is not as their templates say, and repairing or accepting it."""
