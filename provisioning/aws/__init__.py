"""The door to AWS: the only package that knows boto3.

Plain functions take `aws: Clients` first, return frozen dataclasses, and raise only the five errors of
`errors` (every docstring below assumes `Denied` and `Busy`, which any call may raise). A call to AWS is one
function and one dataclass in the module of its service. The rights it takes are those listed as A7.
"""
