"""A real inference on each model, over HTTP: the liveness probe of a Triton server.

Triton reports ready for a model whose Python process has died, and never starts that process again.
Runs inside Triton's image, so with Python's own library only: ``python3 probe.py [http://localhost:8000] [seconds]``.
"""

import json
import math
import sys
import urllib.request
from typing import Any

MODELS = ("detect", "embed")


def infer(server: str, model: str, timeout_s: float) -> None:
    """Run a model on one picture of zeros; raises OSError without an answer."""
    with urllib.request.urlopen(f"{server}/v2/models/{model}", timeout=timeout_s) as reply:  # noqa: S310 (http, given)
        tensor: dict[str, Any] = json.load(reply)["inputs"][0]
    shape = [1, *tensor["shape"][1:]]
    size_bytes = math.prod(shape)  # uint8
    sent = {"name": tensor["name"], "shape": shape, "datatype": "UINT8"}
    head = json.dumps(
        {
            "inputs": [{**sent, "parameters": {"binary_data_size": size_bytes}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310 (the same)
        f"{server}/v2/models/{model}/infer",
        data=head + bytes(size_bytes),
        headers={"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))},
    )
    with urllib.request.urlopen(request, timeout=timeout_s) as reply:  # noqa: S310 (the same)
        reply.read()


def main(server: str = "http://localhost:8000", timeout_s: str = "5") -> int:
    """Returns 0 if every model answers, else 1, and writes which one does not to standard error."""
    for model in MODELS:
        try:
            infer(server, model, float(timeout_s))
        except (OSError, ValueError, KeyError) as exc:
            sys.stderr.write(f"{model} at {server}: {exc}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
