"""The checklist from reality: what the blueprint promises against what AWS shows, line by line."""
