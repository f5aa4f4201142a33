"""ONNX models that packages bring along are opened here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bayes_a2m.errors import InputError


def session(path: Path, install: str) -> Any:
    """Open an inference session on one thread.

    Processes side by side must not fight for processors.

    Raises
    ------
    InputError
        If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(f"onnxruntime is not installed: {install}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
