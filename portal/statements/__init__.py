"""PartiQL on one table: a statement, what it would do and cost, and what it found."""
