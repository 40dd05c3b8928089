"""A deployment whose parts are killed, emptied and restarted while people go on asking for changes."""
