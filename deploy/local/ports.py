"""Free ports on loopback, for servers that cannot choose one themselves."""

import random
import socket
from pathlib import Path
from typing import Final

from deploy.local.errors import Prerequisite

HOST: Final = "127.0.0.1"
_LOWEST: Final = 15_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ATTEMPTS: Final = 200


def free_ports(count: int, *, rng: random.Random | None = None) -> tuple[int, ...]:
    """``count`` different ports that nothing listens on now.

    They are below the kernel's ephemeral range: while a killed server's port waits for its restart,
    no outgoing connection can be given that port, nor connect to itself.
    """
    rng = rng or random.Random()
    highest = max(_first_ephemeral_port() - 1, _LOWEST + 1000)
    found: list[int] = []
    for _ in range(_ATTEMPTS * count):
        port = rng.randint(_LOWEST, highest)
        if port not in found and is_free(port):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise Prerequisite(f"no {count} free ports between {_LOWEST} and {highest} on {HOST}")


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of loopback now."""
    with socket.socket() as probe:
        # As servers do, so that connections still in TIME_WAIT do not make a free port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def accepts(address: str, *, timeout_s: float = 0.5) -> bool:
    """Whether something accepts TCP connections at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=timeout_s):
            return True
    except OSError:
        return False


def _first_ephemeral_port() -> int:
    try:
        return int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError):
        return 32_768
