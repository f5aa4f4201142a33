"""The verbs that every uncertainty method has: fit, predict, save, load."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.audio.features import Spectrum
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.audio.signal import SignalStatistics
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.methods import Recalibration
from bayes_a2m.calibration.selection import candidates, recalibrated
from bayes_a2m.config.experiment import CHOOSE, Experiment
from bayes_a2m.config.settings import Settings, parse_settings
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.notebook import Shown
from bayes_a2m.posteriors.fingerprint import fingerprint, training_inputs
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.model_card import card_of
from bayes_a2m.posteriors.model_directory import ModelState, read, write
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.prediction.posterior import FramePosterior

if TYPE_CHECKING:
    from torch import Tensor

    from bayes_a2m.decoding.note_decoder import NoteDecoder
    from bayes_a2m.decoding.note_posterior import NotePosterior

NOT_FITTED = "this model is not fitted yet: call fit, or load a model directory"

NO_NOTES = (
    "probabilities of notes are not known: the model was trained by a version before they were; "
    "train it again"
)

CHUNK = 8
"""How many recordings are predicted and held in memory at a time."""


def checked_recordings(recordings: Dataset | Sequence[Recording]) -> list[Recording]:
    """The recordings as a list; what people give in their place gets a line that says what to pass.

    Raises
    ------
    InputError
        If it is a path, one recording, or samples.

    >>> checked_recordings("song.wav")
    Traceback (most recent call last):
        ...
    bayes_a2m.errors.InputError: song.wav: is a path; pass [bayes_a2m.Recording("song", \
path=Path("song.wav"))], or a data set from bayes_a2m.load_folder
    """
    if isinstance(recordings, str | Path):
        path = Path(recordings)
        raise InputError(
            f'{path}: is a path; pass [bayes_a2m.Recording("{path.stem}", path=Path("{path}"))], '
            "or a data set from bayes_a2m.load_folder"
        )
    if isinstance(recordings, Recording):
        raise InputError(f"recording {recordings.id}: is one recording; pass a list, [recording]")
    chosen = list(recordings)
    for one in chosen[:1]:
        if not isinstance(one, Recording):
            raise InputError(
                f"no recordings but {type(one).__name__}; samples are passed as "
                '[bayes_a2m.Recording("name", samples=samples, sample_rate=16000)]'
            )
    return chosen


class Posterior(Shown, ABC):
    """Something that learns from recordings and says how likely each class is in each frame.

    Attributes
    ----------
    name
        The name of the method in experiment files.
    Options
        The method's own settings, as an experiment file gives them beside its name.
    trains_network
        Whether it is about a network, so that settings of networks, windows and training count.
    deterministic
        Whether it has one draw, however many are asked for.
    experiment, options
        All settings together, and the checked settings of the method alone.
    fitted
        The state of a model that is fitted or loaded; None before.
    known_recalibration
        What is used where there are too few tuning recordings to choose a recalibration by.
    """

    group: ClassVar[str] = "posteriors"
    name: ClassVar[str]
    Options: ClassVar[type[Settings]] = Settings
    trains_network: ClassVar[bool] = False
    deterministic: ClassVar[bool] = False
    experiment: Experiment
    options: Any
    fitted: Fitted | None = None
    known_recalibration: Recalibration | None = None

    @property
    def _known(self) -> Fitted:
        """The state of the fitted model."""
        if self.fitted is None:
            raise InputError(NOT_FITTED)
        return self.fitted

    @property
    def vocabulary(self) -> Vocabulary:
        """The classes that it tells apart."""
        return self._known.vocabulary

    @property
    def normalizer(self) -> Normalizer:
        """The scale of its features, from the fitting split."""
        return self._known.normalizer

    @property
    def decoder(self) -> Decoder | NoteDecoder:
        """The decoder, which turns its frames into notes.

        Notes have probabilities where the model knows a model of notes; in models of 0.1.0 the
        decoder is :attr:`viterbi`.
        """
        return self._known.notes or self._known.decoder

    @property
    def viterbi(self) -> Decoder:
        """The decoder by the likeliest path of frames, whose notes have no probabilities."""
        return self._known.decoder

    def notes(
        self, posterior: FramePosterior, *, conditions: Sequence[str | None] | None = None
    ) -> list[NotePosterior]:
        """The posterior over the notes of every recording.

        Parameters
        ----------
        posterior
            What :meth:`predict` gave.
        conditions
            The condition of every recording; None where it is not known.

        Raises
        ------
        InputError
            If the model knows no model of notes, or a condition is not known to it.
        """
        if self._known.notes is None:
            raise InputError(NO_NOTES)
        return self._known.notes.infer(posterior, conditions=conditions)

    @property
    def calibrator(self) -> Calibrator:
        """The calibrator, fitted on the tuning split: recalibration and conformal sets."""
        return self._known.calibrator

    @property
    def seen(self) -> Seen:
        """The recordings that it was fitted and tuned on."""
        return self._known.seen

    @property
    def record(self) -> TrainingRecord:
        """The record of how its training went."""
        return self._known.record

    @property
    def calibration(self) -> Calibrator:
        """The calibrator, by its name in 0.1.0."""
        warnings.warn("calibration is calibrator now", DeprecationWarning, stacklevel=2)
        return self.calibrator

    @property
    def grid(self) -> FrameGrid:
        """The grid that its frames stand on."""
        return self.experiment.features.grid

    @property
    def seed(self) -> int:
        """The seed that every random choice of its fit came from."""
        return self.experiment.seed

    @abstractmethod
    def features_of(self, recording: Recording) -> Spectrum:
        """The spectrum of a recording that it reads, in decibels, before normalisation."""

    def _shown(self) -> Mapping[str, object]:
        facts: dict[str, object] = {"method": self.name}
        if self.trains_network:
            facts["network"] = self.experiment.architecture.name
        facts["features"] = self.experiment.features.name
        if self.fitted is None:
            return facts | {"fitted": "no"}
        seen = self.fitted.seen
        return facts | {
            "parameters": f"{self.parameter_count:,}",
            "classes": " ".join(self.fitted.vocabulary.names),
            "fitted_on": f"{len(seen.fit)} recordings, tuned on {len(seen.tune)}",
            "recalibration": type(self.fitted.calibrator.recalibration).__name__,
        }

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """The count of numbers that were learned or stored."""

    @abstractmethod
    def fit(
        self,
        train: Dataset,
        tune: Dataset,
        *,
        start: Posterior | None = None,
        workdir: Path | None = None,
        resume: bool = False,
        progress: bool = False,
    ) -> Self:
        """Learn from ``train``; choose what has to be chosen on ``tune``; return itself.

        Parameters
        ----------
        train, tune
            Recordings with references.
        start
            A fitted model to go on from, for methods that can.
        workdir
            The folder where a long fit keeps its state, so that ``resume`` can go on after a kill.
        resume
            Whether to go on from what lies in ``workdir``.
        progress
            Whether to show progress on standard error.

        Raises
        ------
        InputError
            If ``start`` cannot be gone on from, or the model could not be loaded again.
        """

    @abstractmethod
    def predict_recording(self, recording: Recording, draws: int) -> NDArray[np.float32]:
        """Log-probabilities of one recording, ``(chain, draw, frames, class)``.

        Parameters
        ----------
        recording
            A recording of any length.
        draws
            How many draws to take, over all chains.
        """

    def remarks(self) -> list[str]:
        """Say in sentences what was chosen while fitting, beyond what every model's files tell."""
        return []

    def ensure_fitted(self) -> None:
        """Do nothing, once fitted or loaded.

        Raises
        ------
        InputError
            If it is neither.
        """
        _ = self._known

    def predict_with_onsets(
        self, recording: Recording, draws: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The prediction of :meth:`predict_recording`, and log-probabilities of onsets.

        Returns
        -------
        tuple
            Log-probabilities of classes, ``(chain, draw, frames, class)``, and that a note starts,
            ``(chain, draw, frames)``; None of a model that says nothing of onsets.
        """
        return self.predict_recording(recording, draws), None

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """Everything that was learned, as the tensors of a model directory, by name."""

    @abstractmethod
    def load_state(self, state: ModelState) -> None:
        """Take the weights of a model directory; what is ``fitted`` is there already.

        Raises
        ------
        KeyError, RuntimeError, ValueError
            If a tensor is missing, or of another shape.
        """

    def save(self, path: str | Path) -> None:
        """Write a model directory, whole or not at all.

        Raises
        ------
        InputError
            If the model is not fitted, or something stands at ``path`` already.
        """
        fitted = self._known
        write(Path(path), ModelState(self.weights(), self.experiment, fitted, card_of(self)))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model directory.

        Raises
        ------
        InputError
            If a file is missing or broken, the weights do not fit the network, or the model
            is of another kind.
        """
        state = read(Path(path))
        if state.experiment.posterior.name != cls.name:
            raise InputError(
                f"{path}: holds a {state.experiment.posterior.name} posterior, not {cls.name}; "
                "bayes_a2m.load_model loads any"
            )
        return cls.from_state(state, str(path))

    @classmethod
    @abstractmethod
    def of_experiment(cls, experiment: Experiment) -> Self:
        """Make the posterior that an experiment describes, not fitted yet.

        Raises
        ------
        InputError
            If the network's or the posterior's settings are not right.
        """

    @classmethod
    def from_state(cls, state: ModelState, source: str) -> Self:
        """Make a fitted model from the state of a model directory; ``source`` is named in errors.

        Raises
        ------
        InputError
            If the tensors are not those of such a model.
        """
        try:
            model = cls.of_experiment(state.experiment)
        except InputError as error:
            raise InputError(f"{source}/config.yaml: {error}") from error
        model.fitted = state.fitted
        try:
            model.load_state(state)
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
        except Exception as error:  # whatever tensors of a wrong shape or type lead to
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{source}: the tensors do not fit the {cls.name} model of config.yaml "
                f"({reason}); train again"
            ) from error
        own = model.weights()
        for name, tensor in state.weights.items():
            if name in own and own[name].dtype != tensor.dtype:
                raise InputError(
                    f"{source}: {name} holds numbers of another type than a {cls.name} model has "
                    f"({tensor.dtype}, not {own[name].dtype}); copy it again, or train again"
                )
        extra = sorted(state.weights.keys() - own.keys())
        if extra:
            raise InputError(
                f"{source}: holds tensors that are no part of a {cls.name} model "
                f"({', '.join(extra[:3])}); copy it again, or train again"
            )
        return model

    @classmethod
    def passes(cls, experiment: Experiment, *, started: bool = False) -> float:
        """The passes over the recordings that fitting takes, for an estimate of its time.

        Parameters
        ----------
        experiment
            The experiment that is to be fitted.
        started
            Whether it starts from a trained network, whose own training then costs nothing.
        """
        return 0.0

    @classmethod
    def checked(cls, options: Mapping[str, Any]) -> Any:
        """Check the method's own settings: an instance of its ``Options``.

        Raises
        ------
        InputError
            If one is unknown (the right one is suggested) or not of its type.
        """
        return parse_settings(cls.Options, options, "posterior")

    def fingerprint(self, fit: Dataset, tune: Dataset, start: Posterior | None = None) -> str:
        """The fingerprint of the model that these recordings make, twelve hexadecimal digits.

        Parameters
        ----------
        fit, tune
            The recordings that it is to be fitted and tuned on.
        start
            A fitted model to go on from.
        """
        base = None if start is None else start._known.fingerprint
        return fingerprint(training_inputs(self.experiment, fit, tune, base))

    def fit_calibration_and_decoder(
        self, train: Dataset, tune: Dataset, *, repeats: bool = False
    ) -> None:
        """Choose a recalibration and fit both decoders: the end of every fit.

        Parameters
        ----------
        train
            The recordings whose notes say how long notes and rests are.
        tune
            The recordings that everything is chosen on.
        repeats
            Whether the notes of ``train`` say how often the same pitch follows without a rest;
            frames alone do not.
        """
        from bayes_a2m.calibration.note_acceptance import note_counts
        from bayes_a2m.decoding.note_fitting import fit_notes
        from bayes_a2m.decoding.note_model import NoteModel, onset_frames

        posterior = self.predict(tune, raw=True)
        wanted = self.experiment.recalibration
        calibrator = Calibrator.fit(
            posterior,
            tune.labels_on(self.grid),
            methods=candidates() if wanted == CHOOSE else (wanted,),
            groups=[r.take for r in tune],
            seed=self.seed,
            otherwise=self.known_recalibration,
        )
        posterior = recalibrated(posterior, calibrator.recalibration)
        references = [r.notes or () for r in tune]
        onsets = [onset_frames(r.notes or (), self.grid) for r in train] if repeats else None
        lengths = NoteModel.from_labels(
            train.labels_on(self.grid), len(self.vocabulary), grid=self.grid, onsets=onsets
        )
        notes = fit_notes(lengths, posterior, references, [r.condition for r in tune])
        counts = note_counts(notes, posterior, references, [r.condition or None for r in tune])
        self.fitted = replace(
            self._known,
            calibrator=calibrator.with_notes(counts),
            decoder=self.viterbi.tuned(posterior, references),
            notes=notes,
        )

    def levelled(self, recording: Recording) -> Recording:
        """The recording at the level that was learned from.

        The same object where it has that level, or nothing is known of what was learned from
        (:mod:`bayes_a2m.posteriors.conditions`).
        """
        conditions = self._known.conditions
        rate = self.grid.sample_rate
        return recording if conditions is None else conditions.levelled(recording, rate)

    def unlike(self, recording: Recording) -> list[str]:
        """Say what sets a recording apart from those that were learned from, a phrase each.

        The level is not told where it was brought to one that was learned from. Nothing is told by
        models of 0.1.0, which do not know what they learned from.
        """
        conditions = self._known.conditions
        if conditions is None:
            return []
        rate = self.grid.sample_rate
        samples = conditions.levelled(recording, rate).audio(rate)
        return conditions.differences(SignalStatistics.of(samples, rate))

    def unlike_among(self, recordings: Iterable[Recording]) -> dict[str, tuple[str, ...]] | None:
        """The recordings unlike those that were learned from, by id, with what sets them apart.

        Returns
        -------
        dict or None
            None where the model does not know what it learned from.
        """
        if self._known.conditions is None and self._known.novelty is None:
            return None
        told = {recording.id: tuple(self.unlike(recording)) for recording in recordings}
        return {name: phrases for name, phrases in told.items() if phrases}

    def unknown_conditions(self) -> str | None:
        """Say in a sentence what cannot be told of how recordings differ; None if all can."""
        if self._known.conditions is None:
            return (
                "whether recordings are like those that the model learned from is not known: it "
                "was trained by an older version; train it again"
            )
        if self._known.novelty is None:
            return (
                "of how recordings differ from those that the model learned from, only level, "
                "noise floor, bandwidth and clipping are known"
            )
        return None

    def predict_chunks(
        self,
        recordings: Iterable[Recording],
        draws: int = 30,
        *,
        size: int = CHUNK,
        raw: bool = False,
    ) -> Iterator[tuple[list[Recording], FramePosterior]]:
        """Predict ``size`` recordings at a time, so that memory does not grow with their number.

        ``raw`` leaves probabilities as they were before recalibration.
        """
        chunk: list[Recording] = []
        for recording in recordings:
            chunk.append(recording)
            if len(chunk) == size:
                yield chunk, self._together(chunk, draws, raw)
                chunk = []
        if chunk:
            yield chunk, self._together(chunk, draws, raw)

    def predict(
        self, recordings: Dataset | Sequence[Recording], draws: int = 30, *, raw: bool = False
    ) -> FramePosterior:
        """The posterior predictive of every frame of some recordings.

        Parameters
        ----------
        recordings
            Recordings of any lengths, with or without references.
        draws
            How many draws to take, for methods that draw; a point estimate has one.
        raw
            Whether to leave probabilities as they were before recalibration.

        Returns
        -------
        FramePosterior
            Log-probabilities ``(chain, draw, recording, frame, class)``.

        Raises
        ------
        InputError
            If there is no recording, or its sound cannot be read.
        """
        return self._together(checked_recordings(recordings), draws, raw)

    def _together(self, recordings: Sequence[Recording], draws: int, raw: bool) -> FramePosterior:
        if not recordings:
            raise InputError("no recording to predict")
        outputs = [self.predict_with_onsets(self.levelled(r), draws) for r in recordings]
        onsets = [one for _, one in outputs if one is not None]
        post = FramePosterior.of_recordings(
            [log_probs for log_probs, _ in outputs],
            [r.id for r in recordings],
            self.vocabulary,
            self.grid,
            onsets=onsets if len(onsets) == len(outputs) else None,
        )
        return post if raw else recalibrated(post, self.calibrator.recalibration)
