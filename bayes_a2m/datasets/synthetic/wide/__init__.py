"""Recordings of every kind that a model of any voice and any pitch must have heard.

>>> import numpy as np
>>> made = wide_recording(np.random.default_rng(1), seconds=1.0)
>>> made.samples.shape, made.f0.shape, made.kind in KINDS
((16000,), (200,), True)
"""

from bayes_a2m.datasets.synthetic.wide.folder import write_wide_folder
from bayes_a2m.datasets.synthetic.wide.recording import KINDS, WideRecording, wide_recording

__all__ = ["KINDS", "WideRecording", "wide_recording", "write_wide_folder"]
