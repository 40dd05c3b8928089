"""Stackyard on PostgreSQL and Redis, with two workers, as a deployment runs it."""
