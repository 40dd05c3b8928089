"""Workers killed at every point of every playbook, and what is there in the end."""
