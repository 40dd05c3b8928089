"""Chromium in front of the real thing, as `make up` starts it: what people see, click, type and hear of."""
