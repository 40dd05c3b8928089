"""Copying values from one environment to another: both sides side by side, rows to choose, one change."""
