"""Ports on this machine: read from a setting, and free or not."""

import errno
import socket
from collections.abc import Mapping

from tools.terminal import CommandError

LOOPBACK = "127.0.0.1"


def read_port(environment: Mapping[str, str], name: str, default: int) -> int:
    """The port that the setting `name` asks for.

    Raises CommandError when it is not a number from 1 to 65535.
    """
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise CommandError(f"{name} must be a port number from 1 to 65535, not “{text}”: set {name} to another one.")
    return int(text)


def require_free(name: str, port: int) -> None:
    """Return when something can listen on the loopback `port` that the setting `name` asks for.

    Raises CommandError when another program has it or the system keeps it for itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # What a former run left in TIME_WAIT is free; a program that listens still refuses the bind.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CommandError(_why(name, port, error)) from error


def _why(name: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program: stop that program or set {name} to a free port, "
            f"for example {name}={port + 1 if port < 65535 else port - 1}."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"This system does not let you use port {port}: set {name} to a port above 1023."
    return f"Port {port} cannot be used ({error.strerror}): set {name} to another port."
