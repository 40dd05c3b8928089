"""The engine: whether work gets done, what is set aside, how much may be asked of AWS."""
