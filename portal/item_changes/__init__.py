"""Asking for writes of items as a change: what would be done, why, who decides, until when."""
