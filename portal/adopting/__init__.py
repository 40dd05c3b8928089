"""Adopting: stacks that somebody made outside Stackyard, and taking them over without touching a resource."""
