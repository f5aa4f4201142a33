"""Audio to MIDI, with probabilities that can be believed.

The public names, loaded when they are first used, so that importing the package is quick:

>>> import bayes_a2m as a2m
>>> a2m.Vocabulary((60, 64, 67)).names
('silence', 'C4', 'E4', 'G4')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bayes_a2m.version import __version__

if TYPE_CHECKING:
    from bayes_a2m import calibration as calibration
    from bayes_a2m.audio.features import CQTFeatures as CQTFeatures
    from bayes_a2m.audio.features import MelFeatures as MelFeatures
    from bayes_a2m.baselines.knn import KNN as KNN
    from bayes_a2m.baselines.lpc import LPC as LPC
    from bayes_a2m.baselines.pyin import PYIN as PYIN
    from bayes_a2m.config.experiment import TrainingSettings as TrainingSettings
    from bayes_a2m.datasets import Dataset as Dataset
    from bayes_a2m.datasets import Recording as Recording
    from bayes_a2m.datasets import load_folder as load_folder
    from bayes_a2m.errors import InputError as InputError
    from bayes_a2m.evaluation import evaluate as evaluate
    from bayes_a2m.models import load_model as load_model
    from bayes_a2m.music import FrameGrid as FrameGrid
    from bayes_a2m.music import Note as Note
    from bayes_a2m.music import Vocabulary as Vocabulary
    from bayes_a2m.networks.crnn import CRNN as CRNN
    from bayes_a2m.posteriors.ensemble import DeepEnsemble as DeepEnsemble
    from bayes_a2m.posteriors.hmc import HMC as HMC
    from bayes_a2m.posteriors.laplace import Laplace as Laplace
    from bayes_a2m.posteriors.mc_dropout import MCDropout as MCDropout
    from bayes_a2m.posteriors.point import Point as Point
    from bayes_a2m.posteriors.sgmcmc import SGMCMC as SGMCMC
    from bayes_a2m.posteriors.variational import Variational as Variational
    from bayes_a2m.prediction.posterior import FramePosterior as FramePosterior
    from bayes_a2m.prediction.summary import PosteriorSummary as PosteriorSummary

_HOMES = {
    "CQTFeatures": "bayes_a2m.audio.features",
    "CRNN": "bayes_a2m.networks.crnn",
    "Dataset": "bayes_a2m.datasets",
    "DeepEnsemble": "bayes_a2m.posteriors.ensemble",
    "FrameGrid": "bayes_a2m.music",
    "FramePosterior": "bayes_a2m.prediction.posterior",
    "HMC": "bayes_a2m.posteriors.hmc",
    "InputError": "bayes_a2m.errors",
    "KNN": "bayes_a2m.baselines.knn",
    "LPC": "bayes_a2m.baselines.lpc",
    "Laplace": "bayes_a2m.posteriors.laplace",
    "MCDropout": "bayes_a2m.posteriors.mc_dropout",
    "MelFeatures": "bayes_a2m.audio.features",
    "Note": "bayes_a2m.music",
    "PYIN": "bayes_a2m.baselines.pyin",
    "Point": "bayes_a2m.posteriors.point",
    "PosteriorSummary": "bayes_a2m.prediction.summary",
    "Recording": "bayes_a2m.datasets",
    "SGMCMC": "bayes_a2m.posteriors.sgmcmc",
    "TrainingSettings": "bayes_a2m.config.experiment",
    "Variational": "bayes_a2m.posteriors.variational",
    "Vocabulary": "bayes_a2m.music",
    "evaluate": "bayes_a2m.evaluation",
    "load_folder": "bayes_a2m.datasets",
    "load_model": "bayes_a2m.models",
}

__all__ = ["__version__", "calibration", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name == "calibration":
        return import_module("bayes_a2m.calibration")
    if name not in _HOMES:
        raise AttributeError(f"module 'bayes_a2m' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
