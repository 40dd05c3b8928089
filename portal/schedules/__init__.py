"""Values at a time, for a while, or both: making a schedule, seeing what became of it, taking it up again."""
