"""Environments: the list, and one environment's overview, activity, configuration and settings."""
