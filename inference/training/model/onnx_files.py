"""ONNX files, opened and fingerprinted; needs no torch."""

import hashlib
from pathlib import Path

import onnxruntime as ort


def session(model: Path | bytes, *, threads: int = 1) -> ort.InferenceSession:
    """An onnxruntime session on the CPU that does not spin while it waits."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
