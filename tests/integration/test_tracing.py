"""One trace from the publisher through a real worker and a real Triton, at a real OTLP collector."""

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from deploy.local.ports import HOST
from deploy.local.stack import LocalStack, StackOptions
from pinstream.publish import Publisher
from pinstream.store.milvus import MilvusStore
from tests.integration.drive import fields, picture
from tests.integration.running_worker import RunningWorker, Site, eventually

pytestmark = pytest.mark.stack

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
ALONE = StackOptions(kafka="none", milvus="none")


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans over gRPC, as the worker sends them, and over HTTP, as Triton does."""

    spans: list[tuple[str, Any]] = field(default_factory=list)
    """The service that made a span, and the span."""
    grpc_url: str = ""
    http_url: str = ""

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        self.take(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def take(self, request: Any) -> None:
        for resource in request.resource_spans:
            names = [each.value.string_value for each in resource.resource.attributes if each.key == "service.name"]
            self.spans += [(names[0], span) for scope in resource.scope_spans for span in scope.spans]

    def of_trace(self, trace_id: str) -> dict[str, Any]:
        """Spans of one trace by service and name; of equal names the last."""
        found = {f"{service}/{span.name}": span for service, span in self.spans if span.trace_id.hex() == trace_id}
        return dict(found)


def from_json(body: Any) -> Any:
    """OTLP's JSON is protobuf's, but for ids: hexadecimal there, base64 here. Triton's exporter speaks it."""
    for resource in body["resourceSpans"]:
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            for name in ("traceId", "spanId", "parentSpanId"):
                span[name] = base64.b64encode(bytes.fromhex(span.get(name, ""))).decode()
    return json_format.ParseDict(body, trace_service_pb2.ExportTraceServiceRequest(), ignore_unknown_fields=True)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on loopback, for the block."""
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.take(from_json(json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the test's standard error."""

    with ThreadingHTTPServer((HOST, 0), Receiver) as http, ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]  # generated
        collector.grpc_url = f"http://{HOST}:{server.add_insecure_port(f'{HOST}:0')}"
        collector.http_url = f"http://{HOST}:{http.server_port}/v1/traces"
        server.start()
        Thread(target=http.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            http.shutdown()
            server.stop(None).wait()


def test_one_trace_leads_from_the_publisher_through_worker_and_triton(
    stack: LocalStack, store: MilvusStore, tmp_path: Path
) -> None:
    site = Site(stack.endpoints)
    with (
        collecting() as collector,
        LocalStack(replace(ALONE, root=tmp_path / "triton", traces=collector.http_url)) as own,
        RunningWorker(
            site, tmp_path, triton__address=own.endpoints.triton_grpc,
            tracing__endpoint=collector.grpc_url, tracing__ratio="1",
        ) as worker,
    ):  # fmt: skip
        with Publisher(stack.endpoints.kafka, topic_prefix=site.prefix) as publisher:
            traceparent = f"00-{TRACE_ID}-{PARENT}-01"
            publisher.publish(fields("traced", time.time_ns(), picture(1)), traceparent=traceparent).result()
        worker.await_outcomes(1)
        eventually(
            lambda: {"pinstream-worker/pin", "triton/InferRequest"} <= collector.of_trace(TRACE_ID).keys(),
            what="spans of worker and Triton",
        )
        spans = collector.of_trace(TRACE_ID)
        untraced = [
            span for service, span in collector.spans if service == "triton" and span.trace_id.hex() != TRACE_ID
        ]

    pin = spans["pinstream-worker/pin"]
    assert pin.parent_span_id.hex() == PARENT
    stages = {f"pinstream-worker/{stage}" for stage in ("queue", "fetch", "decode", "detect", "embed", "write")}
    assert stages <= spans.keys()
    assert {spans[stage].parent_span_id for stage in stages} == {pin.span_id}
    ours = {span.span_id for name, span in spans.items() if name.startswith("pinstream-worker/")}
    assert spans["triton/InferRequest"].parent_span_id in ours
    assert not untraced, "Triton traces what belongs to no trace"
