"""Who did what, when, why, from where."""
