"""Whole conditions: what holds for every recording, severity, rate and length."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from bayes_a2m.datasets.conditions import CONDITIONS, Clip, Condition, Noise, Quantise, draw
from bayes_a2m.errors import InputError
from tests.datasets.conditions.voice import RATE, between_notes, generator, lag, rms_db, sung

SEVERITIES = (0, 1, 2, 3, 4, 5)

IN_ANOTHER_PROCESS = """
import hashlib, sys
from bayes_a2m.datasets.conditions import Condition
from tests.datasets.conditions.voice import sung
for line in sys.stdin:
    out = Condition.model_validate_json(line).apply(sung(), 16000)
    print(hashlib.sha256(out.tobytes()).hexdigest())
"""


def sha256(samples: NDArray[np.float32]) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(CONDITIONS),
    severity=st.floats(0, 5),
    sample_rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    count=st.one_of(st.integers(1, 20), st.integers(20, 9000)),
    level_db=st.floats(-140, 20),
    sound=st.sampled_from(["noise", "tone", "click", "silence", "offset"]),
    seed=st.integers(0, 2**20),
)
def test_for_every_recording(
    name: str,
    severity: float,
    sample_rate: int,
    count: int,
    level_db: float,
    sound: str,
    seed: int,
) -> None:
    time = np.arange(count) / sample_rate
    shape = {
        "noise": generator(seed).standard_normal(count),
        "tone": np.sin(2 * np.pi * 262 * time),
        "click": np.eye(1, count, seed % count)[0],
        "silence": np.zeros(count),
        "offset": np.ones(count),
    }[sound]
    samples = (10 ** (level_db / 20) * shape).astype(np.float32)
    before = samples.copy()
    condition = draw(name, severity, generator(seed))
    out = condition.apply(samples, sample_rate)
    assert np.array_equal(samples, before)
    assert out.dtype == np.float32
    assert out.shape == samples.shape
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 1
    if name != "laptop":  # the only one that clips: no other puts samples at full scale
        assert np.abs(out).max() < 0.8
    again = Condition.model_validate_json(condition.model_dump_json())
    assert again == condition
    assert np.array_equal(again.apply(samples, sample_rate), out)


def test_the_same_bits_in_another_process() -> None:
    conditions = [draw(name, s, generator(4)) for name in CONDITIONS for s in (0, 2.5, 5)]
    here = [sha256(c.apply(sung(), RATE)) for c in conditions]
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        input="\n".join(c.model_dump_json() for c in conditions),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == here
    assert len(set(here)) == len(conditions)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_late(name: str, seed: int) -> None:
    noise = 0.1 * generator(seed).standard_normal(RATE).astype(np.float32)
    for severity in SEVERITIES:
        assert lag(noise, draw(name, severity, generator(seed)).apply(noise, RATE)) == 0


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("seed", range(2))
def test_worse_is_worse(name: str, seed: int) -> None:
    gaps = [
        between_notes(draw(name, severity, generator(seed)).apply(sung(), RATE))
        for severity in SEVERITIES
    ]
    assert all(b < a for a, b in pairwise(gaps))
    assert gaps[0] > 30
    assert gaps[-1] < 25


@pytest.mark.parametrize("name", CONDITIONS)
def test_noise_rises_with_severity_and_stays_itself(name: str) -> None:
    voice = sung().astype(np.float64)
    noises = []
    for severity in SEVERITIES:
        condition = draw(name, severity, generator(7))
        (stage,) = (s for s in condition.stages if isinstance(s, Noise))
        stream = [condition.seed, 0, *b"noise"]
        noises.append(stage.apply(voice, RATE, np.random.default_rng(stream)) - voice)
    levels = [rms_db(noise) for noise in noises]
    assert all(b > a + 3 for a, b in pairwise(levels))
    assert np.corrcoef(noises).min() > 0.99


@pytest.mark.parametrize("name", CONDITIONS)
def test_no_draw_looks_at_the_severity(name: str) -> None:
    states = []
    for severity in SEVERITIES:
        stream = generator(5)
        seed = draw(name, severity, stream).seed
        states.append((seed, stream.bit_generator.state))
    assert all(state == states[0] for state in states)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("seed", range(3))
def test_the_mildest_is_nearly_clean(name: str, seed: int) -> None:
    voice = sung()
    out = draw(name, 0, generator(seed)).apply(voice, RATE)
    assert np.corrcoef(voice, out)[0, 1] > 0.98


def test_leaving_a_stage_out_leaves_the_noise_of_the_others_alone() -> None:
    whole = draw("noisy", 3, generator())
    silence = np.zeros(RATE, dtype=np.float32)
    noise = Condition(name="noise", severity=3, seed=whole.seed, stages=whole.stages[2:3])
    filtered = Condition(name="most", severity=3, seed=whole.seed, stages=whole.stages[:3])
    assert np.array_equal(noise.apply(silence, RATE), filtered.apply(silence, RATE))


def test_two_noises_of_a_kind_are_two_noises() -> None:
    (stage,) = (s for s in draw("studio", 5, generator()).stages if isinstance(s, Noise))
    silence = np.zeros(RATE, dtype=np.float32)
    once, twice = (
        Condition(name="x", severity=5, seed=1, stages=(stage,) * n).apply(silence, RATE)
        for n in (1, 2)
    )
    # powers add; of the same noise twice, amplitudes would
    assert rms_db(twice) - rms_db(once) == pytest.approx(3, abs=0.3)


def test_too_loud_is_turned_down_and_not_cut() -> None:
    voice = 10 * sung()
    out = Condition(name="nothing", severity=0, seed=0).apply(voice, RATE)
    assert np.abs(out).max() == 1
    assert out == pytest.approx(voice / np.abs(voice).max(), abs=1e-6)


def test_a_laptop_is_the_one_that_cuts() -> None:
    kinds = {name: [s.kind for s in draw(name, 5, generator()).stages] for name in CONDITIONS}
    for name in CONDITIONS:
        assert ("clip" in kinds[name]) == ("quantise" in kinds[name]) == (name == "laptop")
    worst = [draw("laptop", 5, generator(seed)).stages for seed in range(30)]
    shares = [s.share for stages in worst for s in stages if isinstance(s, Clip)]
    assert 0 < min(shares) < 0.01 < 0.02 < max(shares) <= 0.03
    assert {s.law for stages in worst for s in stages if isinstance(s, Quantise)} == {
        "linear",
        "mu",
    }


@pytest.mark.parametrize(
    ("name", "severity", "message"),
    [
        ("noizy", 1, "no condition called 'noizy' (did you mean 'noisy'?); there are: studio"),
        ("studio", -0.1, "a severity of -0.1 is not within 0 to 5"),
        ("studio", 5.01, "a severity of 5.01 is not within 0 to 5"),
        ("studio", float("nan"), "a severity of nan is not within 0 to 5"),
    ],
)
def test_errors_of_draw_are_one_line(name: str, severity: float, message: str) -> None:
    with pytest.raises(InputError) as caught:
        draw(name, severity, generator())
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("samples", "sample_rate", "message"),
    [
        (np.zeros((100, 2), np.float32), RATE, "one channel, shape (samples,), not (100, 2)"),
        (np.zeros(100, np.int16), RATE, "must be floats with full scale 1, not int16"),
        (np.zeros(0, np.float32), RATE, "there are no samples"),
        (np.array([0, np.nan, np.inf], np.float32), RATE, "2 of 3 samples are NaN or infinite"),
        (np.zeros(100, np.float32), 0, "a sample rate of 0 Hz is not within 4000–192000 Hz"),
    ],
)
def test_errors_of_apply_are_one_line(
    samples: NDArray[np.float32], sample_rate: int, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        draw("studio", 1, generator()).apply(samples, sample_rate)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_conditions_do_not_change_and_know_their_keys() -> None:
    condition = draw("studio", 1, generator())
    with pytest.raises(ValidationError, match="frozen"):
        condition.severity = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Condition.model_validate({**condition.model_dump(), "loudness": 3})
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        Condition(name="x", severity=0, seed=0, stages=({"kind": "echo"},))
