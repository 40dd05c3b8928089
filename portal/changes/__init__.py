"""Changes: the list, and one change from its plan through its decision to its end, live."""
