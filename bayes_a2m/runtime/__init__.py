"""Runtime: an exported model predicts without torch, by numpy, scipy and onnxruntime."""
