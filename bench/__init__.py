"""Stackyard as a whole, started and visited by a program: for measurements, and for tests that need all of it."""
