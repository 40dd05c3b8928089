"""How a change gets from its goal to its result: playbooks of steps, run by a reconciler that may die at any time."""
