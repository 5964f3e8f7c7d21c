"""The networks, their weights, and ONNX files."""
