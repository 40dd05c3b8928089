"""Long work on items: asking for an export or a count, watching any job, downloading what it made."""
