"""Asking for an environment or its update: the form made from a blueprint, its names, choices and price."""
