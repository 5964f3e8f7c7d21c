"""*Index*: Milvus, by its own metrics. Milvus Lite has none: the standalone and the distributed server do."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section

_CALLS: Final = "Upsert|Search|Query|Delete"


def _milvus_p95(histogram: str, *, by: str) -> PanelQuery:
    """Milvus measures in milliseconds."""
    rate = f"sum by (le, {by}) (rate({histogram}_bucket[$__rate_interval]))"
    return PanelQuery(f"histogram_quantile(0.95, {rate})", f"{{{{{by}}}}}")


_CALLED: Final = Section(
    "Calls",
    8,
    (
        Panel(
            title="Calls",
            description="Upserts come from workers, searches from readers and probes, queries from the fence and "
            "readers.",
            queries=(
                PanelQuery(
                    f'sum by (function_name) (rate(milvus_proxy_req_count{{status="success",function_name=~"{_CALLS}"}}'
                    "[$__rate_interval]))",
                    "{{function_name}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="Calls that failed",
            description="Refused or abandoned. Workers repeat their calls; readers get an error.",
            queries=(
                PanelQuery(
                    'sum by (function_name) (rate(milvus_proxy_req_count{status=~"fail.*|abandon"}[$__rate_interval]))'
                    " or vector(0)",
                    "{{function_name}}",
                ),
            ),
            unit="ops",
            runbooks=("PinstreamServiceAway",),
        ),
        Panel(
            title="Duration of calls, p95",
            description="By function, as Milvus' proxy measures them.",
            queries=(_milvus_p95("milvus_proxy_req_latency", by="function_name"),),
            unit="ms",
            limit=500,
            runbooks=("PinstreamMilvusWritesSlow",),
        ),
        Panel(
            title="Upserts, p95",
            description="One upsert as Milvus measures it; the Worker dashboard has what workers measure.",
            queries=(_milvus_p95("milvus_proxy_mutation_latency", by="msg_type"),),
            unit="ms",
            limit=500,
            runbooks=("PinstreamMilvusWritesSlow",),
        ),
        Panel(
            title="Searches, p95",
            description="One search or query, including the wait for its snapshot.",
            queries=(_milvus_p95("milvus_proxy_sq_latency", by="query_type"),),
            unit="ms",
        ),
        Panel(
            title="Rows written",
            description="Rows upserted per second: a pin has one, and one more for each object.",
            queries=(PanelQuery("sum(rate(milvus_proxy_upsert_vectors_count[$__rate_interval]))", "rows"),),
            unit="ops",
        ),
    ),
)

_STORED: Final = Section(
    "What is stored",
    8,
    (
        Panel(
            title="Rows in memory",
            description="By state of their segment. Growing segments have no index: many such rows slow searches.",
            queries=(PanelQuery("sum by (segment_state) (milvus_querynode_entity_num)", "{{segment_state}}"),),
        ),
        Panel(
            title="Segments",
            description="Many small segments mean that something calls flush, which visibility does not need.",
            queries=(PanelQuery("sum by (segment_state) (milvus_querynode_segment_num)", "{{segment_state}}"),),
        ),
        Panel(
            title="Visibility lag",
            description="How far the snapshot that searches read is behind the clock: no search can be fresher.",
            queries=(PanelQuery("max by (node_id) (milvus_proxy_tt_lag_ms)", "proxy {{node_id}}"),),
            unit="ms",
        ),
        Panel(
            title="Quota states",
            description="1 when Milvus refuses writes: memory or disk is full, or its time tick is late. Normal is 0.",
            queries=(PanelQuery("max by (quota_states) (milvus_rootcoord_quota_states)", "{{quota_states}}"),),
            limit=1,
            runbooks=("PinstreamMilvusWritesSlow",),
        ),
        Panel(
            title="Nodes",
            description="By role. One fewer than usual: a node has died.",
            queries=(PanelQuery("sum by (role_name) (milvus_num_node)", "{{role_name}}"),),
        ),
        Panel(
            title="Memory of the servers",
            description="Resident, by instance. The index lives in memory: see docs/operations/sizing.md.",
            queries=(PanelQuery('process_resident_memory_bytes{job=~".*milvus.*"}', "{{instance}}"),),
            unit="bytes",
        ),
    ),
)

BOARD: Final = Dashboard(
    name="index",
    title="Index",
    description="Milvus: calls, durations and what is stored. Milvus Lite exports no metrics.",
    sections=(_CALLED, _STORED),
)
