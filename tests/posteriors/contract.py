"""What every posterior must do; a method's test inherits this and says how to make one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.methods import Temperature
from bayes_a2m.calibration.selection import Choice
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.posterior import Posterior

DRAWS = 4


class PosteriorContract:
    """Subclasses give the fixture ``model``: fitted on ``tiny_data``'s train split."""

    covers = ""
    """Names in the registry that a subclass stands for; test_registry.py asks for all."""

    def test_shapes_and_sums(self, model: Posterior, tiny_data: Dataset) -> None:
        data = tiny_data.split("validation")
        post = model.predict(data, DRAWS)
        frames = [model.grid.frames_in(r.duration) for r in data]
        assert post.log_probs.shape[2:] == (len(data), max(frames), len(data.vocabulary))
        assert post.lengths.tolist() == frames
        assert post.ids == data.ids
        np.testing.assert_allclose(np.exp(post.log_probs).sum(-1), 1, atol=1e-4)

    def test_the_same_question_gets_the_same_answer(
        self, model: Posterior, tiny_data: Dataset
    ) -> None:
        data = tiny_data.split("validation")
        first, second = model.predict(data, DRAWS), model.predict(data, DRAWS)
        np.testing.assert_array_equal(first.log_probs, second.log_probs)

    def test_permuting_recordings_permutes_the_answer(
        self, model: Posterior, tiny_data: Dataset
    ) -> None:
        recordings = list(tiny_data.split("validation"))
        forward, back = model.predict(recordings, DRAWS), model.predict(recordings[::-1], DRAWS)
        for i in range(len(recordings)):
            np.testing.assert_array_equal(forward.of(i), back.of(len(recordings) - 1 - i))

    def test_a_longer_neighbour_changes_nothing(self, model: Posterior, tiny_data: Dataset) -> None:
        short = tiny_data.split("validation")[0]
        long = Recording("long", samples=np.tile(short.audio(), 3), sample_rate=16000)
        alone, beside = model.predict([short], DRAWS), model.predict([short, long], DRAWS)
        np.testing.assert_array_equal(alone.of(0), beside.of(0))

    def test_chunks_are_the_whole(self, model: Posterior, tiny_data: Dataset) -> None:
        data = tiny_data.split("validation")
        whole = model.predict(data, DRAWS)
        seen = 0
        for recordings, post in model.predict_chunks(data, DRAWS, size=3):
            for i, recording in enumerate(recordings):
                assert recording.id == post.ids[i] == whole.ids[seen]
                np.testing.assert_array_equal(post.of(i), whole.of(seen))
                seen += 1
        assert seen == len(data)

    def test_save_and_load_give_the_same_predictions(
        self, model: Posterior, tiny_data: Dataset, tmp_path: Path
    ) -> None:
        model.save(tmp_path / "model")
        data = tiny_data.split("validation")
        expected = model.predict(data, DRAWS)
        for loaded in (load_model(tmp_path / "model"), type(model).load(tmp_path / "model")):
            np.testing.assert_array_equal(loaded.predict(data, DRAWS).log_probs, expected.log_probs)
            assert loaded.decoder == model.decoder
            assert loaded.seen == model.seen
            assert loaded.vocabulary == model.vocabulary
            assert loaded.record.log == model.record.log
        with pytest.raises(InputError, match="is there already"):
            model.save(tmp_path / "model")

    def test_probabilities_are_recalibrated_unless_asked_for_raw(
        self, model: Posterior, tiny_data: Dataset, tmp_path: Path
    ) -> None:
        data = tiny_data.split("validation")
        before, kept = model.fitted, model.predict(data, DRAWS, raw=True)
        try:
            assert before is not None
            model.fitted = replace(before, calibrator=Calibrator(Choice(Temperature(2.0))))
            post = model.predict(data, DRAWS)
            inside = post.inside()
            wanted = Temperature(2.0).apply(kept.mean())
            np.testing.assert_allclose(post.mean()[inside], wanted[inside], atol=2e-5)
            assert post.log_probs.shape == kept.log_probs.shape
            raw = model.predict(data, DRAWS, raw=True)
            np.testing.assert_array_equal(raw.log_probs, kept.log_probs)
            chunks = [post for _, post in model.predict_chunks(data, DRAWS, size=len(data))]
            np.testing.assert_array_equal(chunks[0].log_probs, post.log_probs)
            model.save(tmp_path / "model")
            loaded = load_model(tmp_path / "model")
            assert loaded.calibrator == model.calibrator
            np.testing.assert_array_equal(loaded.predict(data, DRAWS).log_probs, post.log_probs)
        finally:
            model.fitted = before

    def test_the_tuning_part_says_what_to_accept(self, model: Posterior) -> None:
        tuned = model.calibrator
        assert [one.level for one in tuned.sets] == [0.95, 0.99]
        assert tuned.accepted is not None
        assert len(tuned.accepted) == len(model.seen.tune)

    def test_it_learned_the_tones(self, model: Posterior, tiny_data: Dataset) -> None:
        from bayes_a2m.calibration import accuracy

        data = tiny_data.split("validation")
        assert accuracy(model.predict(data, DRAWS), data.labels_on(model.grid)) > 0.8

    def test_it_knows_what_it_saw(self, model: Posterior, tiny_data: Dataset) -> None:
        assert model.seen.unseen(tiny_data).ids == tiny_data.split("validation").ids
        with pytest.raises(InputError, match="every recording"):
            model.seen.unseen(tiny_data.split("train"))

    def test_no_recording_is_refused(self, model: Posterior) -> None:
        with pytest.raises(InputError, match="no recording"):
            model.predict([], DRAWS)

    def test_a_draw_does_not_depend_on_how_many_are_taken(
        self, model: Posterior, tiny_data: Dataset
    ) -> None:
        recording = tiny_data.split("validation")[0]
        few, many = model.predict([recording], DRAWS), model.predict([recording], 3 * DRAWS)
        chains, draws = few.log_probs.shape[:2]
        assert many.log_probs.shape[0] == chains
        assert many.log_probs.shape[1] >= draws
        np.testing.assert_allclose(many.log_probs[:, :draws], few.log_probs, atol=1e-5)

    def test_a_draw_is_one_state_of_belief(self, model: Posterior) -> None:
        """What sets a draw apart at frame 100 does so at frames 600 and 1400, windows later.

        The sound does not change, a D4 that the classes lack, so that draws disagree on it;
        what the network itself does otherwise at other places is the same for all draws.
        """
        time = np.arange(16000 * 10) / 16000
        hertz = 440 * 2 ** (-7 / 12)
        sound = sum(0.1 / h * np.sin(2 * np.pi * h * hertz * time) for h in range(1, 6))
        steady = Recording("steady", samples=sound.astype("f4"), sample_rate=16000)
        probs = np.exp(model.predict([steady], 2 * DRAWS).log_probs[:, :, 0])
        probs = probs.reshape(-1, *probs.shape[2:])
        # twelve frames: whole steps of networks that pool frames
        early = probs[:, 100:112].mean(axis=1)
        for start in (600, 1400):
            moved = probs[:, start : start + 12].mean(axis=1) - early
            assert moved.std(axis=0).max() <= 0.5 * early.std(axis=0).max() + 1e-6
