"""Long work on items, in ticks of a few seconds that any worker may take up."""
