"""What a network's head reads of each frame: the space in which it tells the classes apart."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bayes_a2m.audio import windows
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.posteriors.posterior import Posterior

Array = NDArray[np.float32]


def embeddings(model: Posterior, recording: Recording) -> Array | None:
    """What the head reads of every frame, ``(frames, feature)``; None for models without a trunk.

    Of an ensemble, what the head of its first member reads: members do not share their features.
    A long recording is run in the windows the model predicts in, and the frames two windows share
    are those of the first.
    """
    if isinstance(model, DeepEnsemble):
        return embeddings(model.members[0], recording) if model.members else None
    if not isinstance(model, NetworkPosterior):
        return None
    frontend = model.frontend
    features = frontend.normalizer(frontend.features(recording))
    length, overlap = frontend.window.frames(model.grid)
    pieces: list[Array] = []
    done = 0
    for start, end in windows.spans(features.shape[0], length, overlap):
        with torch.inference_mode():
            trunk = model.network.trunk(torch.from_numpy(features[start:end])[None])[0]
        pieces.append(trunk.float().numpy()[done - start :])
        done = end
    return np.concatenate(pieces)
