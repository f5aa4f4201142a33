"""A singer without any waver and notes without any ornament, to be changed by one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bayes_a2m.datasets.synthetic.score import SungNote
from bayes_a2m.datasets.synthetic.singer import Singer

STEADY = Singer(
    tract_scale=1.0,
    bandwidth_scale=1.0,
    cluster=0.0,
    vowels=("ɑ",),
    open_quotient=0.6,
    tilt_db=10.0,
    tilt_per_db=0.0,
    shimmer=0.0,
    jitter=0.0,
    hnr_db=120.0,
    vibrato_hz=5.0,
    vibrato_cents=0.0,
    vibrato_delay=0.3,
    drift_cents=0.0,
    intonation_cents=0.0,
    tuning_cents=0.0,
    consonants=0.0,
    breaths=0.0,
    legato=0.0,
    scoops=0.0,
    dynamics_db=0.0,
    waver_db=0.0,
)


def note(onset: float, offset: float, pitch: int = 57, **changes: Any) -> SungNote:
    """A plain note."""
    plain = SungNote(
        onset=onset,
        offset=offset,
        pitch=pitch,
        labelled=True,
        error_cents=0.0,
        scoop_cents=0.0,
        scoop_seconds=0.05,
        slide_seconds=0.0,
        level_db=0.0,
        swell_db=0.0,
        attack=0.05,
        release=0.05,
        vowels=("ɑ", "ɑ"),
        consonant="",
        consonant_seconds=0.0,
        breath_seconds=0.0,
        breath_db=0.0,
    )
    return replace(plain, **changes)
