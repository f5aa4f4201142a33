"""Decoding to notes with probabilities, and what a fitted model keeps of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.datasets import Dataset, load_folder
from bayes_a2m.decoding.conditional_likelihood import Reference, fit_conditional
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.decoding.note_fitting import TYPICAL, fit_notes
from bayes_a2m.decoding.note_model import NoteModel
from bayes_a2m.decoding.transcription import Transcriptions
from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json, write_json
from bayes_a2m.models import load_model
from bayes_a2m.music import FrameGrid, Note, Vocabulary, midi
from bayes_a2m.music.notes import to_labels
from bayes_a2m.posteriors.point import Point
from bayes_a2m.prediction.posterior import FramePosterior
from tests import tiny

pytestmark = pytest.mark.long

OLD = Path(__file__).parents[1] / "fixtures" / "model_0_1_0"
GRID = FrameGrid()


def tunes(count: int, seed: int = 0) -> list[list[Note]]:
    """Melodies of 4 s."""
    generator = np.random.default_rng(seed)
    return [tiny.melody(generator, 4.0) for _ in range(count)]


def heard(
    melodies: list[list[Note]], confidence: float, lag: float | Sequence[float] = 0.0
) -> FramePosterior:
    """Frames that give the melodies' classes one probability, the melodies coming ``lag`` later."""
    vocabulary = Vocabulary()
    frames = GRID.frames_in(4.0)
    lags = np.broadcast_to(lag, len(melodies))
    moved = [
        [replace(n, onset=n.onset - late, offset=n.offset - late) for n in m]
        for m, late in zip(melodies, lags, strict=True)
    ]
    labels = [to_labels(m, GRID, frames, vocabulary) for m in moved]
    probs = np.full((len(labels), frames, 4), (1 - confidence) / 3)
    for own, truth in zip(probs, labels, strict=True):
        own[np.arange(frames), truth] = confidence
    ids = [f"{i:02d}" for i in range(len(labels))]
    return FramePosterior.from_probs(probs, ids=ids, grid=GRID)


def base(melodies: list[list[Note]]) -> NoteModel:
    labels = [to_labels(m, GRID, GRID.frames_in(4.0), Vocabulary()) for m in melodies]
    return NoteModel.from_labels(labels, 4, grid=GRID)


def test_clear_frames_give_their_notes_with_probabilities_near_one() -> None:
    melodies = tunes(3)
    found = NoteDecoder(replace(base(tunes(20, 1)), power=1.0)).decode(heard(melodies, 0.99))
    for one, truth in zip(found, melodies, strict=True):
        assert [n.pitch for n in one.notes] == [n.pitch for n in truth]
        np.testing.assert_allclose(
            [n.onset for n in one.notes], [n.onset for n in truth], atol=0.01
        )
        assert one.probabilities is not None
        assert min(one.probabilities) > 0.95
        np.testing.assert_allclose(one.frame_probabilities, 0.99, atol=0.05)


def test_decoding_does_not_depend_on_the_company_of_a_recording() -> None:
    post = heard(tunes(3), 0.6)
    decoder = NoteDecoder(base(tunes(20, 1)))
    alone = decoder.decode(post.alone(2))[0]
    together = decoder.decode(post)[2]
    assert alone.notes == together.notes
    assert alone.probabilities == together.probabilities


def test_doubtful_are_those_below_the_threshold() -> None:
    one = NoteDecoder(base(tunes(20, 1))).decode(heard(tunes(1), 0.6))[0]
    assert one.probabilities is not None
    assert one.doubtful == ()
    middle = float(np.median(one.probabilities))
    assert one.doubting(middle).doubtful == tuple(p < middle for p in one.probabilities)
    with pytest.raises(InputError, match="not known"):
        replace(one, posterior=None).doubting(0.5)


def test_the_table_says_what_is_known() -> None:
    one = NoteDecoder(base(tunes(20, 1))).decode(heard(tunes(1), 0.6))[0]
    row = one.doubting(0.9).rows()[0]
    assert one.hypotheses is not None
    assert float(row["probability"]) == pytest.approx(one.hypotheses[0].probability, abs=1e-4)
    times = [float(row[f"onset_{name}"]) for name in ("low", "median", "high")]
    assert times == sorted(times)
    assert row["doubtful"] in (0, 1)
    assert all(part.split(":")[0] in ("C4", "E4", "G4") for part in row["alternatives"].split())
    assert row["name"] not in [part.split(":")[0] for part in row["alternatives"].split()]


def test_four_numbers_are_fitted_and_the_lag_is_found() -> None:
    melodies = tunes(8)
    decoder = fit_notes(base(tunes(20, 1)), heard(melodies, 0.7, lag=0.03), melodies)
    assert decoder.model.lag.components[0].mean == pytest.approx(0.03, abs=0.005)
    assert decoder.model.power != TYPICAL.power


def test_every_condition_has_a_clock_of_its_own() -> None:
    late, early = tunes(10, 2), tunes(10, 3)
    post = heard([*late, *early], 0.7, lag=[0.05] * 10 + [0.0] * 10)
    conditions = ["laptop"] * 10 + ["studio"] * 10
    decoder = fit_notes(base(tunes(20, 1)), post, [*late, *early], conditions)
    parts = {one.condition: one for one in decoder.model.lag.components}
    assert parts["laptop"].mean - parts["studio"].mean > 0.025  # each drawn to the common one
    assert [one.share for one in parts.values()] == [0.5, 0.5]
    given = decoder.decode(post, conditions=conditions)
    unknown = decoder.decode(post)
    foreign = decoder.decode(post, conditions=["phone"] * 20)  # never met: as if not known
    assert [t.notes for t in foreign] == [t.notes for t in unknown]

    def error(found: Transcriptions) -> float:
        pairs = zip(list(found)[:10], late, strict=True)
        return float(np.mean([t.notes[0].onset - m[0].onset for t, m in pairs]))

    # the mixture's mean is between both clocks, so laptop notes come too early by it
    assert error(unknown) < -0.015
    assert abs(error(given)) < abs(error(unknown))
    with pytest.raises(InputError, match=r"'phone'.*laptop, studio"):
        decoder.infer(post, conditions=["phone"] * 20)


def test_one_condition_is_none() -> None:
    melodies = tunes(6)
    post = heard(melodies, 0.7, lag=0.03)
    alone = fit_notes(base(tunes(20, 1)), post, melodies, ["studio"] * 6)
    assert alone == fit_notes(base(tunes(20, 1)), post, melodies)


def test_few_notes_make_no_note_sure() -> None:
    # every note is found, and none is late: the likelihood alone would believe in frames and clock
    melodies = tunes(4)
    post = heard(melodies, 0.9)
    alone = fit_conditional(base(tunes(20, 1)), Reference.of_notes(post, melodies))
    held = fit_notes(base(tunes(20, 1)), post, melodies).model
    assert alone.lag.components[0].sd < 0.005
    assert held.lag.components[0].sd > 0.01
    assert abs(np.log(held.power / TYPICAL.power)) < abs(np.log(alone.power / TYPICAL.power))


@pytest.mark.long
def test_many_notes_outweigh_what_was_believed() -> None:
    melodies = tunes(24)
    post = heard(melodies, 0.7, lag=0.03)
    alone = fit_conditional(base(tunes(20, 1)), Reference.of_notes(post, melodies))
    held = fit_notes(base(tunes(20, 1)), post, melodies).model
    assert held.lag.components[0].mean == pytest.approx(alone.lag.components[0].mean, abs=0.002)
    assert held.power == pytest.approx(alone.power, rel=0.4)


def test_no_note_at_all_fits_nothing() -> None:
    model = fit_notes(base(tunes(20, 1)), heard(tunes(3), 0.9), [(), (), ()]).model
    assert model.lag.components[0].sd > 0.01


def test_the_note_model_travels_with_the_model(tiny_point: Point, tiny_model: Path) -> None:
    loaded = load_model(tiny_model)
    assert isinstance(loaded.decoder, NoteDecoder)
    assert loaded.decoder == tiny_point.decoder
    assert loaded.viterbi == tiny_point.viterbi
    assert "notes.json" in (tiny_model / "checksums.sha256").read_text()


def test_the_notes_of_a_fitted_model_have_probabilities(
    tiny_point: Point, tiny_data: Dataset, tmp_path: Path
) -> None:
    data = tiny_data.split("validation")
    post = tiny_point.predict(data)
    notes = tiny_point.decoder.decode(post)
    notes.write_midi(tmp_path)
    for one, own in zip(notes, tiny_point.notes(post), strict=True):
        assert one.notes == own.notes
        assert len(midi.read(tmp_path / f"{one.id}.mid")) == len(one.notes) > 0


def test_a_model_of_0_1_0_decodes_as_it_did_and_says_what_it_does_not_know(tmp_path: Path) -> None:
    old = load_model(OLD / "model")
    post = old.predict(load_folder(OLD / "voices"))
    assert isinstance(old.decoder, Decoder)
    assert old.decoder.decode(post)[0].probabilities is None
    with pytest.raises(InputError, match="probabilities of notes are not known"):
        old.notes(post)
    old.save(tmp_path / "again")
    assert not (tmp_path / "again" / "notes.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format_version": 9}, r"notes\.json: format 9, this version reads 1"),
        ({"tolerance": -1}, r"notes\.json"),
        ({"model": {"method": "guess"}}, r"notes\.json: note model: method 'guess'"),
        ({"model": None}, r"notes\.json"),
    ],
)
def test_a_broken_note_model_is_refused(
    tiny_model: Path, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    copy = tiny.copy_to_change(tiny_model, tmp_path / "model")
    write_json(copy / "notes.json", read_json(copy / "notes.json") | change)
    with pytest.raises(InputError, match=words):
        load_model(copy)


def test_a_note_model_of_other_classes_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    copy = tiny.copy_to_change(tiny_model, tmp_path / "model")
    other = NoteDecoder(NoteModel.from_labels([np.array([0, 1, 0])], 2))
    write_json(copy / "notes.json", {"format_version": 1, **other.to_dict()})
    with pytest.raises(InputError, match="of 2 classes, the vocabulary of 4"):
        load_model(copy)


def test_a_changed_note_model_is_damaged(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    path = tmp_path / "model" / "notes.json"
    path.write_text(path.read_text().replace("0.0", "0.1", 1))
    with pytest.raises(InputError, match=r"notes\.json: is damaged"):
        load_model(tmp_path / "model")


def test_a_recording_of_no_known_condition_has_the_clock_of_any() -> None:
    """Training recordings without a condition are a component of the mixture, and no condition."""
    labels = np.repeat([0, 1, 0, 2, 0], [60, 120, 60, 120, 60])
    clocks = (LagComponent("", 0.1, 0.0, 0.005), LagComponent("laptop", 0.9, 0.06, 0.03))
    base = NoteModel.from_labels([labels] * 6, 3)
    decoder = NoteDecoder(replace(base, note_bias=3.0, lag=LagPrior(clocks)))
    probs = np.where(np.arange(3) == labels[:, None], 0.98, 0.01)
    post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60, 64)))
    unknown, unnamed, laptop = (
        decoder.decode(post, conditions=[one])[0].probabilities for one in (None, "", "laptop")
    )
    assert unnamed == unknown
    assert unnamed != laptop
    assert max(unnamed or ()) < 0.95
