"""Synthetic voices whose truth is known.

A source–filter voice (glottis, tract), sung as people sing (intonation, loudness,
articulation) from a score, recorded under a condition. Everything is drawn from one seed.
"""

from bayes_a2m.datasets.synthetic.folder import write_folder
from bayes_a2m.datasets.synthetic.settings import SynthesisSettings
from bayes_a2m.datasets.synthetic.synthesis import Synthesised, synthesise

__all__ = ["SynthesisSettings", "Synthesised", "synthesise", "write_folder"]
