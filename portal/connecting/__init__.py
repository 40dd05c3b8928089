"""What an application has to know to run against an environment: to copy, to take away, and with its secrets."""
