"""The engine against the scripted AWS: verbs, `reconcile` and `observe`, with time moved by hand."""
