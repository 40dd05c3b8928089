"""One item: its page, the forms that change it, and what was written."""
