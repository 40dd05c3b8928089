"""Parameters and flags as people see and change them: names, values, secrets. Pure: nothing in here asks AWS."""
