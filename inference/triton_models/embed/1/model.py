"""Triton's Python backend: the model.onnx beside this file, run by onnxruntime on one CPU thread."""

import json
from pathlib import Path

import onnxruntime as ort
import triton_python_backend_utils as pb


class TritonPythonModel:
    """Any model whose inputs and outputs are named in its configuration; requests are not merged."""

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.outputs = [tensor["name"] for tensor in config["output"]]
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        onnx = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = ort.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list) -> list:
        return [self._answer(request) for request in requests]

    def _answer(self, request: object) -> object:
        feed = {name: pb.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        arrays = self.session.run(self.outputs, feed)
        return pb.InferenceResponse([pb.Tensor(*pair) for pair in zip(self.outputs, arrays, strict=True)])
