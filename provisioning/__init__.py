"""What should exist, what does, and how to get there: everything that faces AWS."""
