"""Blueprints: what an application needs from AWS, as folders of data that need no Python."""
