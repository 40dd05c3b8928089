"""People: sign-in, groups, and who somebody is to the verbs."""
