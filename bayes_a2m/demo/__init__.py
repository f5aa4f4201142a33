"""The whole story on synthetic voices: sing, verify, plot, train, evaluate, transcribe, a page.

>>> from bayes_a2m.demo import DemoSettings
>>> DemoSettings(seed=3).recordings
60
"""

from bayes_a2m.demo.context import DemoSettings, Outcome, Stage, Step, Watch
from bayes_a2m.demo.runner import STEPS, run_demo

__all__ = ["STEPS", "DemoSettings", "Outcome", "Stage", "Step", "Watch", "run_demo"]
