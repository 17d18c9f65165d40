"""From pictures and a bundle to parts: ONNX Runtime, numpy and Pillow, no torch."""
