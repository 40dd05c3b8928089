"""The verbs: each guards, changes and audits in one transaction, then rings the workers after the commit."""
