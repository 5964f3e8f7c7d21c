"""*Models*: Triton, by its own metrics, and the results of the workers' model checks."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section, Variable

_AT: Final = 'instance=~"$instance"'
_BY_MODEL: Final = "{{model}} v{{version}}"


def _rate(counter: str) -> str:
    return f"sum by (model, version) (rate({counter}{{{_AT}}}[$__rate_interval]))"


def _mean_us(counter: str) -> PanelQuery:
    """Triton counts microseconds; divided by the requests that succeeded it is the mean of one."""
    return PanelQuery(f"{_rate(counter)} / {_rate('nv_inference_request_success')}", _BY_MODEL)


_LOAD: Final = Section(
    "Load",
    8,
    (
        Panel(
            title="Requests",
            description="Inference requests that succeeded. A pin is one detection and one or two embeddings.",
            queries=(PanelQuery(_rate("nv_inference_request_success"), _BY_MODEL),),
            unit="ops",
        ),
        Panel(
            title="Pictures",
            description="Pictures through each model: one per pin for detect; one, and one for each object, for embed.",
            queries=(PanelQuery(_rate("nv_inference_count"), _BY_MODEL),),
            unit="ops",
        ),
        Panel(
            title="Pictures per execution",
            description="The mean size of a batch. Near 1 the models are not busy; batching pays on a GPU only.",
            queries=(PanelQuery(f"{_rate('nv_inference_count')} / {_rate('nv_inference_exec_count')}", _BY_MODEL),),
        ),
    ),
)

_TIME: Final = Section(
    "Time of a request, mean",
    8,
    (
        Panel(
            title="Total",
            description="From arrival to answer, in Triton.",
            queries=(_mean_us("nv_inference_request_duration_us"),),
            unit="µs",
        ),
        Panel(
            title="In the queue",
            description="Waiting for a model instance: grows first when the models are the limit.",
            queries=(_mean_us("nv_inference_queue_duration_us"),),
            unit="µs",
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="In the model",
            description="The inference itself. A step after a release means another model, engine or precision.",
            queries=(_mean_us("nv_inference_compute_infer_duration_us"),),
            unit="µs",
        ),
    ),
)

_TROUBLE: Final = Section(
    "Trouble",
    8,
    (
        Panel(
            title="Waiting requests",
            description="In Triton's queues now. At the configured queue size Triton refuses further requests; workers "
            "retry.",
            queries=(PanelQuery(f"sum by (model) (nv_inference_pending_request_count{{{_AT}}})", "{{model}}"),),
        ),
        Panel(
            title="Failures",
            description="REJECTED: queue full or wait too long. BACKEND: a broken model or a dead Python stub.",
            queries=(
                PanelQuery(
                    f"sum by (model, reason) (rate(nv_inference_request_failure{{{_AT}}}[$__rate_interval]))",
                    "{{model}} {{reason}}",
                ),
            ),
            unit="ops",
            runbooks=("PinstreamModelCheckFailing", "PinstreamServiceAway"),
        ),
        Panel(
            title="Model checks",
            description="Share of the workers' model checks that failed; half of them if one of two stubs is dead.",
            queries=(PanelQuery("pinstream:model_check_failed:ratio_rate5m", "{{instance}}"),),
            unit="percentunit",
            limit=0.2,
            runbooks=("PinstreamModelCheckFailing",),
        ),
        Panel(
            title="Code drift",
            description="Bits between the model check's code and the one that its card promises. Another engine: "
            "0-2. Beyond 8: another model.",
            queries=(PanelQuery("max by (instance) (pinstream_worker_model_check_drift_bits)", "{{instance}}"),),
            limit=8,
            runbooks=("PinstreamCodeSpaceMismatch",),
        ),
        Panel(
            title="GPU and CPU",
            description="Utilisation. At 100 % with growing queues, this is what limits the rate.",
            queries=(
                PanelQuery(f"nv_gpu_utilization{{{_AT}}}", "GPU {{gpu_uuid}}"),
                PanelQuery(f"nv_cpu_utilization{{{_AT}}}", "CPU {{instance}}"),
            ),
            unit="percentunit",
        ),
        Panel(
            title="Memory",
            description="Used on each GPU, and on the machine. When it is short, the kernel kills Python stubs first.",
            queries=(
                PanelQuery(f"nv_gpu_memory_used_bytes{{{_AT}}}", "GPU {{gpu_uuid}}"),
                PanelQuery(f"nv_cpu_memory_used_bytes{{{_AT}}}", "machine {{instance}}"),
            ),
            unit="bytes",
        ),
    ),
)

BOARD: Final = Dashboard(
    name="models",
    title="Models",
    description="Triton: load, time and trouble of each model.",
    sections=(_LOAD, _TIME, _TROUBLE),
    variables=(Variable("instance", "label_values(nv_inference_count, instance)"),),
)
