"""Redeploying what runs, proving that it has what was stored, going back by itself, and what ran together."""
