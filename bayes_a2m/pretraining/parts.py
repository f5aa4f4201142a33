"""Parts of the synthetic recordings of a seed, none of which sees another."""

from __future__ import annotations

FIT, CHOOSE, TUNE, KNOW = range(4)
"""Numbers of the parts of a seed."""
