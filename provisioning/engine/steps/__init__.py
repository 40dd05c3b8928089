"""The steps of the playbooks: `ensure_…` functions that take the work and answer Done, Wait or Stop.

A step looks at what is, makes at most one mutating AWS call, and may be run any number of times.
"""
