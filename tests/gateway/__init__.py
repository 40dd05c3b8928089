"""The gateway, one module a service, against AWS in process."""
