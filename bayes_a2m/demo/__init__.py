"""The whole story on synthetic voices, from recordings to notes and to degraded copies, as a page.

>>> from bayes_a2m.demo import DemoSettings
>>> DemoSettings(seed=3).recordings
60
"""

from bayes_a2m.demo.context import DemoContext, DemoSettings, Outcome, Step, Watch
from bayes_a2m.demo.runner import STEPS, run_demo

__all__ = ["STEPS", "DemoContext", "DemoSettings", "Outcome", "Step", "Watch", "run_demo"]
