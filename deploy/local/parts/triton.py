"""NVIDIA's tritonserver binary from its Python wheel, serving the CPU variant of the deployed models."""

import ctypes
import importlib.util
import os
import platform
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.cache import Progress
from deploy.local.errors import BadOption, NotReady, Prerequisite
from deploy.local.parts.part import Part
from deploy.local.parts.security import TRITON_HEADER, Security
from deploy.local.ports import HOST, accepts, free_ports
from deploy.local.process import Launch
from deploy.local.state import remove_shared_memory

OLDEST_GLIBC: Final = (2, 35)
_TRACE_ONE_IN: Final = 2**31 - 1
"""Triton samples one of this many requests on its own: practically none."""
_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


class Triton(Part):
    """One server of every model in ``models``, at random free ports of loopback."""

    name = "triton"
    ready_timeout_s = 90.0
    stop_grace_s = 10.0

    def __init__(
        self,
        folder: Path,
        models: Path,
        *,
        shm_prefix: str,
        traces: str | None = None,
        security: Security | None = None,
    ) -> None:
        self._folder = folder
        self._security = security
        self._models = models
        self._model_names = model_names(models)
        self._shm_prefix = shm_prefix
        self._traces = traces
        self._http_port, self._grpc_port, self._metrics_port = free_ports(3)

    @property
    def addresses(self) -> Mapping[str, str]:
        """gRPC, HTTP and metrics."""
        return {
            "triton_grpc": f"{HOST}:{self._grpc_port}",
            "triton_http": f"http://{HOST}:{self._http_port}",
            "triton_metrics": f"http://{HOST}:{self._metrics_port}/metrics",
        }

    def prepare(self, progress: Progress) -> Launch:
        # The wheel's backend folder lacks the stub of this Python, so a new one is linked together.
        progress("starting", None)
        wheel = _wheel()
        libraries = f"{_python_library_folder()}:{wheel.parent.parent / 'nvidia_pytriton.libs'}"
        backends = self._link_backend(wheel)
        argv = (
            str(wheel / "bin" / "tritonserver"),
            f"--model-repository={self._models}",
            "--model-config-name=cpu",
            "--model-control-mode=explicit",
            *(f"--load-model={name}" for name in self._model_names),
            f"--backend-directory={backends}",
            f"--backend-config=python,shm-region-prefix-name={self._shm_prefix}",
            *(f"--{protocol}-address={HOST}" for protocol in ("http", "grpc", "metrics")),
            f"--http-port={self._http_port}",
            f"--grpc-port={self._grpc_port}",
            f"--metrics-port={self._metrics_port}",
            "--allow-gpu-metrics=false",
            "--log-info=false",
            *(() if self._traces is None else trace_options(self._traces)),
            *(() if self._security is None else _security_options(self._security)),
        )
        # The stub finds its packages through the interpreter that it finds on PATH, and not by sys.path.
        path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
        env = {"PATH": path, "LD_LIBRARY_PATH": libraries, "CUDA_VISIBLE_DEVICES": ""}
        return Launch(argv=argv, env=env, cwd=self._folder)

    def check(self) -> None:
        check_triton(f"{HOST}:{self._grpc_port}", self._model_names, self._security)

    def clean_up(self) -> None:
        remove_shared_memory(self._shm_prefix)

    def _link_backend(self, wheel: Path) -> Path:
        source = wheel / "backends" / "python"
        stub = wheel / "python_backend_stubs" / _PYTHON / "triton_python_backend_stub"
        if not stub.exists():
            known = ", ".join(sorted(path.name for path in (wheel / "python_backend_stubs").iterdir()))
            raise Prerequisite(f"Triton's Python backend knows Python {known}; this is {_PYTHON}.")
        target = self._folder / "backends" / "python"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        (target / "libtriton_python.so").symlink_to(source / "libtriton_python.so")
        shutil.copy2(source / "triton_python_backend_utils.py", target)
        shutil.copy2(stub, target)
        (target / stub.name).chmod(0o755)
        return target.parent


def trace_options(url: str) -> tuple[str, ...]:
    """Options that send spans to an OTLP/HTTP collector, only for requests with a sampled ``traceparent``."""
    return (
        "--trace-config=mode=opentelemetry",
        f"--trace-config=opentelemetry,url={url}",
        "--trace-config=opentelemetry,resource=service.name=triton",
        "--trace-config=level=TIMESTAMPS",
        f"--trace-config=rate={_TRACE_ONE_IN}",
    )


def model_names(models: Path) -> tuple[str, ...]:
    """The models of a repository: its folders that hold a ``config.pbtxt``. Raises BadOption for none."""
    names = tuple(sorted(path.parent.name for path in models.glob("*/config.pbtxt")))
    if not names:
        raise BadOption(f"--models {models}: no model there (no folder with a config.pbtxt)")
    return names


def _security_options(security: Security) -> tuple[str, ...]:
    """Mutual TLS for gRPC, and a key for the protocols that the worker uses; over HTTP only health and metadata."""
    files = security.certificates
    used = "inference,health,metadata,model-config"
    admins = "model-repository,statistics,trace,logging,shared-memory"
    return (
        "--grpc-use-ssl=true",
        "--grpc-use-ssl-mutual=true",
        f"--grpc-server-cert={files.server_cert}",
        f"--grpc-server-key={files.server_key}",
        f"--grpc-root-cert={files.ca}",
        f"--grpc-restricted-protocol={used}:{TRITON_HEADER}={security.triton_key}",
        f"--grpc-restricted-protocol={admins}:admin-{TRITON_HEADER}={secrets.token_urlsafe(18)}",
        f"--http-restricted-api=inference,{admins}:admin-{TRITON_HEADER}={secrets.token_urlsafe(18)}",
    )


def check_triton(
    address: str, models: tuple[str, ...], security: Security | None = None, *, timeout_s: float = 10.0
) -> None:
    """Run every model once, on a batch of one input of zeros."""
    if not accepts(address):
        raise NotReady(f"nothing listens at {address}")
    import numpy as np  # noqa: PLC0415 (0.5 s; meanwhile others start)
    from tritonclient.grpc import InferenceServerClient, InferInput  # noqa: PLC0415
    from tritonclient.utils import InferenceServerException, triton_to_np_dtype  # noqa: PLC0415

    if security is None:
        client, headers = InferenceServerClient(address), None
    else:
        files, headers = security.certificates, dict(security.triton_headers)
        client = InferenceServerClient(
            address,
            ssl=True,
            root_certificates=str(files.ca),
            private_key=str(files.client_key),
            certificate_chain=str(files.client_cert),
        )
    try:
        for model in models:
            inputs = []
            for tensor in client.get_model_metadata(model, headers=headers, client_timeout=timeout_s).inputs:
                shape = [1 if size < 0 else size for size in tensor.shape]
                inputs.append(InferInput(tensor.name, shape, tensor.datatype))
                inputs[-1].set_data_from_numpy(np.zeros(shape, triton_to_np_dtype(tensor.datatype)))
            client.infer(model, inputs, headers=headers, client_timeout=timeout_s)
    except InferenceServerException as exc:
        raise NotReady(f"Triton at {address}: {exc.message()}") from exc
    finally:
        client.close()


def need_glibc(library: str, version: str) -> None:
    """Raise Prerequisite where the C library is a glibc that the server's binary cannot run with."""
    if library == "glibc" and tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GLIBC:
        oldest = ".".join(map(str, OLDEST_GLIBC))
        raise Prerequisite(
            f"Triton needs glibc {oldest} or newer (Debian 12, Ubuntu 22.04); this machine has {version}. "
            "Run Triton elsewhere and name it with --triton HOST:PORT."
        )


def _wheel() -> Path:
    """Where the wheel keeps the server: ``bin``, ``backends``, ``python_backend_stubs``."""
    need_glibc(*platform.libc_ver())
    package = importlib.util.find_spec("pytriton")
    if package is None or package.origin is None:
        raise Prerequisite("the package nvidia-pytriton is missing; `make setup` installs it.")
    return Path(package.origin).parent / "tritonserver"


def _python_library_folder() -> Path:
    """The folder of the shared libpython that the stub is linked against."""
    folder = Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib")
    library = f"libpython{_PYTHON}.so.1.0"
    if not (folder / library).exists():
        try:
            ctypes.CDLL(library)
        except OSError as exc:
            raise Prerequisite(
                f"Triton's Python backend needs {library}, which {sys.executable} comes without. "
                f"On Debian and Ubuntu: apt-get install libpython{_PYTHON}."
            ) from exc
    return folder
