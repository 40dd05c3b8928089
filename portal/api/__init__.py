"""REST v1: what the pages show and do, for programs. The same verbs, the same groups, the same sentences."""
