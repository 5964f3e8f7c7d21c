"""One connection to Milvus, shared by all threads of a process."""

import logging
import re
import threading
from typing import Final

from pymilvus import MilvusClient

from pinstream.tls import Tls

_CHANNEL: Final = {
    # pymilvus pings every 10 s even without calls, which servers answer by closing the connection.
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,  # gRPC's own 120 s would outlast an outage by two minutes
}


class MilvusConnection:
    """Connects at the first call. Raises ValueError at once if ``tls`` has a client certificate and no authority."""

    def __init__(self, uri: str, *, token: str | None, timeout_s: float, tls: Tls | None) -> None:
        self.masked_uri = re.sub(r"//[^/@]*@", "//***@", uri)
        self._uri, self._token, self._timeout_s = uri, token or "", timeout_s
        self._tls = _tls_arguments(tls or Tls())
        self._lock = threading.Lock()
        self._connected: MilvusClient | None = None

    def client(self) -> MilvusClient:
        with self._lock:
            if self._connected is None:
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it logs, it raises too
                self._connected = MilvusClient(
                    self._uri,
                    token=self._token,
                    timeout=self._timeout_s,
                    dedicated=True,
                    grpc_options=dict(_CHANNEL),
                    **self._tls,
                )
            return self._connected

    def close(self) -> None:
        with self._lock:
            client, self._connected = self._connected, None
        if client is not None:
            client.close()


def _tls_arguments(tls: Tls) -> dict[str, str]:
    """The certificates under pymilvus' names; it sends a client certificate only if an authority is given."""
    name = {"server_name": tls.server_name} if tls.server_name else {}
    if tls.cert_file is not None and tls.ca_file is None:
        raise ValueError("pymilvus sends a client certificate only if an authority is given: give ca_file too")
    if tls.cert_file is not None:
        files = {"ca_pem_path": tls.ca_file, "client_pem_path": tls.cert_file, "client_key_path": tls.key_file}
    else:
        files = {} if tls.ca_file is None else {"server_pem_path": tls.ca_file}
    return {key: str(path) for key, path in files.items()} | name
