"""Parameters of environments: reading their paths for everybody who looks, noticing what was put by others."""
