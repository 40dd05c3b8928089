"""Releases of an environment: what ran together, redeploying it, and rolling back to one."""
