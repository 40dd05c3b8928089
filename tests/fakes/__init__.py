"""Stand-ins for what Stackyard talks to, kept in memory and scripted by the tests that use them."""
