"""Budgets: how each stands, setting and removing them, and what they have told."""
