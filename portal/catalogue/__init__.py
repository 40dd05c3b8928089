"""The catalogue: what there is to create, what it makes and costs, and which blueprints cannot be read."""
