"""The standalone Milvus server from its Python wheel, on free ports, tuned for freshness.

The wheel's own launcher is not used: it takes the next port when the wanted one is busy, leaves its child
running when it is ended, and unpacks 300 MB into every data folder.
"""

import contextlib
import importlib.util
import lzma
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.cache import Progress, cache_dir, exclusive, need_free_space
from deploy.local.errors import Prerequisite
from deploy.local.parts.milvus_lite import check_milvus
from deploy.local.parts.part import Part
from deploy.local.parts.security import Security
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Launch

VERSION: Final = "2.3.5"
TIME_TICK_MS: Final = 50
"""Rows are visible one to two ticks after the acknowledgement; the server's default is 200."""
CHUNK_ROWS: Final = 4096
"""Rows per chunk of a growing segment; with the default, 128, searches are several times slower."""

_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)(?:\(\w+\))?(?::\s*([^}]*?))?\s*\}\}")
_PID_FOLDERS: Final = (Path("/run/milvus"), Path("/tmp/milvus"))  # noqa: S108 (chosen by the server)
_PORTS: Final = (
    "proxy_port",
    "proxy_internal_port",
    "root_coord_port",
    "query_coord_port",
    "query_node_port",
    "index_coord_port",
    "index_node_port",
    "data_coord_port",
    "data_node_port",
    "etcd_port",
    "etcd_peer_port",
    "metrics_port",
)


_SECURED: Final = {"COMMON_SECURITY_AUTHORIZATIONENABLED": "true", "COMMON_SECURITY_TLSMODE": "2"}
"""Passwords and mutual TLS."""


class MilvusServer(Part):
    """One standalone server over ``folder``, at a random free port of loopback."""

    name = "milvus"
    ready_timeout_s = 120.0
    stop_grace_s = 4.0

    def __init__(self, folder: Path, security: Security | None = None) -> None:
        self._folder = folder
        self._security = security
        self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))

    @property
    def addresses(self) -> Mapping[str, str]:
        """The URI that pymilvus takes, and metrics."""
        scheme = "http" if self._security is None else "https"
        return {
            "milvus": f"{scheme}://{HOST}:{self._ports['proxy_port']}",
            "milvus_metrics": f"http://{HOST}:{self._ports['metrics_port']}/metrics",
        }

    def prepare(self, progress: Progress) -> Launch:
        """Unpacked binaries, shared by all stacks, and the configuration of this one."""
        need_free_space(self._folder, megabytes=1000, what="Milvus")
        wheel = _wheel()
        binaries = _unpack(wheel / "bin", progress)
        progress("starting", None)
        self._configure((wheel / "config.yaml.template").read_text(), (wheel / "glog.conf").read_text())
        env = {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self._ports["metrics_port"]),
            "LD_LIBRARY_PATH": str(binaries),
            # Milvus takes any setting from a variable named by its path in milvus.yaml, without dots.
            "ETCD_CONFIG_PATH": str(self._folder / "configs" / "etcd.yaml"),
            "PROXY_TIMETICKINTERVAL": str(TIME_TICK_MS),
            "QUERYNODE_SEGCORE_CHUNKROWS": str(CHUNK_ROWS),
            "COMMON_SESSION_TTL": "5",
            "COMMON_GRACEFULSTOPTIMEOUT": "1",
            "PROXY_GRACEFULSTOPTIMEOUT": "1",
            "QUERYCOORD_GRACEFULSTOPTIMEOUT": "1",
            "LOG_LEVEL": "warn",
            **({} if self._security is None else _SECURED),
        }
        # The alias names its pid file; the pid files of all servers of a machine are in one folder.
        alias = f"-alias={self._ports['proxy_port']}"
        return Launch(argv=(str(binaries / "milvus"), "run", "standalone", alias), env=env, cwd=self._folder)

    def check(self) -> None:
        check_milvus(self.addresses["milvus"], self._security)

    def clean_up(self) -> None:
        for folder in _PID_FOLDERS:
            with contextlib.suppress(OSError):
                (folder / f"standalone-{self._ports['proxy_port']}.pid").unlink(missing_ok=True)

    def _configure(self, template: str, logging: str) -> None:
        configs, stored = self._folder / "configs", self._folder / "data"
        for folder in (configs, stored, self._folder / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        values = {key: str(port) for key, port in self._ports.items()} | {
            "etcd_log_path": str(self._folder / "logs" / "etcd.log"),
            "etcd_log_level": "error",
            "etcd_data_dir": str(stored / "etcd"),
            "local_storage_dir": str(stored),
            "rocksmq_data_dir": str(stored / "rocksmq"),
            "system_log_path": "",
        }
        if self._security is not None:
            files = self._security.certificates
            pem = {"server_pem_path": files.server_cert, "server_key_path": files.server_key, "ca_pem_path": files.ca}
            values |= {key: str(path) for key, path in pem.items()}
        (configs / "milvus.yaml").write_text(render(template, values))
        (configs / "glog.conf").write_text(logging)
        ports = {"client": self._ports["etcd_port"], "peer": self._ports["etcd_peer_port"]}
        (configs / "etcd.yaml").write_text(_ETCD.format(host=HOST, **ports))


# The template's port is only where Milvus looks for etcd; this file sets where its embedded etcd listens.
_ETCD: Final = """\
listen-client-urls: http://{host}:{client}
advertise-client-urls: http://{host}:{client}
listen-peer-urls: http://{host}:{peer}
initial-advertise-peer-urls: http://{host}:{peer}
initial-cluster: default=http://{host}:{peer}
"""


def render(template: str, values: Mapping[str, str]) -> str:
    """The wheel's template with its ``{{ name(type): default }}`` filled in from ``values`` or the default."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[2] or ""), template)


def _wheel() -> Path:
    package = importlib.util.find_spec("milvus")
    if package is None or package.origin is None:
        raise Prerequisite("the package milvus is missing; `make setup` installs it.")
    return Path(package.origin).parent / "data"


def _unpack(packed: Path, progress: Progress) -> Path:
    """The wheel's binaries, unpacked once per machine into the cache folder."""
    folder = cache_dir() / f"milvus-{VERSION}"
    archives = sorted(packed.glob("*.lzma"))
    done = folder / "unpacked"
    if done.exists():
        return folder
    need_free_space(folder, megabytes=600, what="unpacking Milvus")
    with exclusive(folder):
        if not done.exists():
            for number, archive in enumerate(archives):
                progress(f"unpacking Milvus {VERSION}", number / len(archives))
                target = folder / archive.stem
                with lzma.open(archive) as source:
                    target.write_bytes(source.read())
                target.chmod(0o755)
            done.touch()
    return folder
