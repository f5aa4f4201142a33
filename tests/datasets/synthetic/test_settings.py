"""What may be asked for; what is refused is in ``test_synthesis.py``."""

from __future__ import annotations

import json

import pytest
import yaml
from pydantic import ValidationError

from bayes_a2m.datasets.synthetic import SynthesisSettings
from bayes_a2m.errors import InputError

FULL = SynthesisSettings(
    recordings=7,
    seconds=2.5,
    pitches=(48, 50),
    sounding_offset=12,
    conditions=("noisy",),
    severity=(0.1, 2.7),
    tempo=(70.5, 71),
    out_of_vocabulary=0.25,
    label_lag_ms=-12.5,
    label_jitter_ms=3.5,
    sample_rate=22050,
    seed=2**40,
)


def test_settings_come_back_from_yaml_and_json_as_they_were() -> None:
    values = FULL.model_dump(mode="json")
    assert SynthesisSettings(**yaml.safe_load(yaml.safe_dump(values))) == FULL
    assert SynthesisSettings(**json.loads(json.dumps(values))) == FULL


def test_settings_stay_as_they_are() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FULL.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("pitches", "offset"),
    [((33,), 0), ((86,), 0), ((21,), 12), ((98,), -12), ((33, 86), 0)],  # 55.0 and 1174.7 Hz
)
def test_the_range_is_that_of_what_sounds(pitches: tuple[int, ...], offset: int) -> None:
    vocabulary = SynthesisSettings(pitches=pitches, sounding_offset=offset).vocabulary
    assert vocabulary.pitches == pitches
    assert vocabulary.sounding_offset == offset


@pytest.mark.parametrize(
    ("pitches", "offset", "says"),
    [((32,), 0, "pitch 32 would sound at 52 Hz"), ((87,), 0, "at 1245 Hz"), ((33,), -1, "52 Hz")],
)
def test_a_semitone_further_is_refused(pitches: tuple[int, ...], offset: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        SynthesisSettings(pitches=pitches, sounding_offset=offset)


@pytest.mark.parametrize("name", ["seconds", "out_of_vocabulary", "label_lag_ms"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        SynthesisSettings(**{name: value})


@pytest.mark.parametrize("name", ["severity", "tempo"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_both_ends_of_a_range_are_looked_at(name: str, bad: float) -> None:
    for pair in ((bad, 100.0), (0.0, bad), (bad, bad)):
        with pytest.raises(InputError, match=name):
            SynthesisSettings(**{name: pair})
