"""Orphans: kept tables that no stack owns, what they cost, and what to do with them."""
