"""Moving many items: imports, bulk deletions, copies of samples, and putting back what they did."""
