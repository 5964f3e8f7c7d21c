"""*Models*: Triton, by its own metrics, and what the workers' canaries say of it."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, Query, Section, Variable

_AT: Final = 'instance=~"$instance"'
_BY_MODEL: Final = "{{model}} v{{version}}"


def _rate(counter: str) -> str:
    return f"sum by (model, version) (rate({counter}{{{_AT}}}[$__rate_interval]))"


def _mean_us(counter: str) -> Query:
    """Triton counts microseconds; divided by the requests that succeeded it is the mean of one."""
    return Query(f"{_rate(counter)} / {_rate('nv_inference_request_success')}", _BY_MODEL)


_LOAD: Final = Section(
    "Load",
    (
        Panel(
            title="Requests",
            description="Inference requests that succeeded. A pin is one detection and one or two embeddings.",
            queries=(Query(_rate("nv_inference_request_success"), _BY_MODEL),),
            unit="ops",
            width=8,
        ),
        Panel(
            title="Pictures",
            description="Pictures that went through each model: one a pin for detect, 1 + objects for embed.",
            queries=(Query(_rate("nv_inference_count"), _BY_MODEL),),
            unit="ops",
            width=8,
        ),
        Panel(
            title="Pictures an execution",
            description="How many the dynamic batcher puts together. Near 1 there is room; batching pays on a GPU "
            "only.",
            queries=(Query(f"{_rate('nv_inference_count')} / {_rate('nv_inference_exec_count')}", _BY_MODEL),),
            width=8,
        ),
    ),
)

_TIME: Final = Section(
    "Time of a request, mean",
    (
        Panel(
            title="Altogether",
            description="From arrival to answer, in Triton.",
            queries=(_mean_us("nv_inference_request_duration_us"),),
            unit="µs",
            width=8,
        ),
        Panel(
            title="In the queue",
            description="Waiting for an instance: grows first when the models are the limit.",
            queries=(_mean_us("nv_inference_queue_duration_us"),),
            unit="µs",
            width=8,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="In the model",
            description="The network itself. A step after a release is another model, engine or precision.",
            queries=(_mean_us("nv_inference_compute_infer_duration_us"),),
            unit="µs",
            width=8,
        ),
    ),
)

_TROUBLE: Final = Section(
    "Trouble",
    (
        Panel(
            title="Waiting requests",
            description="In Triton's queues now. At the configured queue size further requests are refused, and "
            "tried again.",
            queries=(Query(f"sum by (model) (nv_inference_pending_request_count{{{_AT}}})", "{{model}}"),),
            width=8,
        ),
        Panel(
            title="Failures",
            description="REJECTED is a full queue or an expired wait; BACKEND a broken model or a dead stub.",
            queries=(
                Query(
                    f"sum by (model, reason) (rate(nv_inference_request_failure{{{_AT}}}[$__rate_interval]))",
                    "{{model}} {{reason}}",
                ),
            ),
            unit="ops",
            width=8,
            runbooks=("PinstreamModelCheckFailing", "PinstreamServiceAway"),
        ),
        Panel(
            title="Canary",
            description="Share of the workers' test inferences that failed; half of them, if one of two stubs is dead.",
            queries=(Query("pinstream:model_check_failed:ratio_rate5m", "{{instance}}"),),
            unit="percentunit",
            width=8,
            limit=0.2,
            runbooks=("PinstreamModelCheckFailing",),
        ),
        Panel(
            title="Code drift",
            description="Bits between the model check's code and the one that its card promises. Another engine: "
            "0-2. Beyond 8: another model.",
            queries=(Query("max by (instance) (pinstream_worker_model_check_drift_bits)", "{{instance}}"),),
            width=8,
            limit=8,
            runbooks=("PinstreamCodeSpaceMismatch",),
        ),
        Panel(
            title="GPU and CPU",
            description="Utilisation. A GPU at 100 % with growing queues is the limit; so is a CPU without one.",
            queries=(
                Query(f"nv_gpu_utilization{{{_AT}}}", "GPU {{gpu_uuid}}"),
                Query(f"nv_cpu_utilization{{{_AT}}}", "CPU {{instance}}"),
            ),
            unit="percentunit",
            width=8,
        ),
        Panel(
            title="Memory",
            description="Used by GPU, and by the whole machine. Stubs are the first to die when it is short.",
            queries=(
                Query(f"nv_gpu_memory_used_bytes{{{_AT}}}", "GPU {{gpu_uuid}}"),
                Query(f"nv_cpu_memory_used_bytes{{{_AT}}}", "machine {{instance}}"),
            ),
            unit="bytes",
            width=8,
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
