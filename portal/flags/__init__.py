"""Flags: the parameters of an application over its environments, and of one environment."""
