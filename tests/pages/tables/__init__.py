"""The page of a table: asking, reading, what is shown of items, and columns."""
