"""Journeys through the real thing: worker, web server and local AWS as `make up` starts them, over HTTP."""
