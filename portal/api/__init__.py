"""REST v1: what the pages show and do, for programs. The same verbs, the same groups, the same sentences."""

VERSION = "1.2.0"  # told in every answer: the command line says so where a server is older than it
