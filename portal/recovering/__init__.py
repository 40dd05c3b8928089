"""Recovering: what is wrong with a stuck stack, its one way out, and the page on which that is asked for."""
