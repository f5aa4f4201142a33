"""Every problem of a data folder, none of them hidden by the one before it.

:func:`bayes_a2m.datasets.folder.load_folder` stops at the first thing it cannot work with.
Here the same folder is read leniently: whatever is wrong with one file, the others are still
looked at, and what can still be checked of a broken file is checked.

Two levels. An **error** makes the folder unusable or its labels wrong: nothing can be loaded
until it is mended. A **warning** is something a person should look at: the folder works, and
the message says what is done about it (a note is cut off, a sound resampled, …).
"""

from __future__ import annotations

from bayes_a2m.datasets.verify.folder import verify
from bayes_a2m.datasets.verify.problem import Code, Level, Problem
from bayes_a2m.datasets.verify.report import VerifyReport
from bayes_a2m.datasets.verify.words import compact

__all__ = ["Code", "Level", "Problem", "VerifyReport", "compact", "verify"]
