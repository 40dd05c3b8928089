"""What must never happen: one machine of people, workers, AWS and hands outside, and what is held against it."""
