"""The side of Stackyard that faces people: every page, form and sign-in, the API, and the command that uses it."""
