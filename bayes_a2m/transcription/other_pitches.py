"""Other pitches than a model knows: the model of any pitch listens beside it.

A closed vocabulary leaves a model nothing but its own pitches: it is wrong about a D4, and sure.
Its probabilities are conditional on the pitch being one of its own, so by the law of total
probability those of a note are to be multiplied by the probability that it is. The model that ships
knows every semitone from C2 to C6, and a continuous pitch. Of the frames of a note in which it
hears a voice, a share ``s`` of their probability lies at pitches outside of the vocabulary; frames
within 65 cents of one of its own do not count, for a C that is sung too high by more than half a
semitone is one still. A note is taken to be elsewhere where most of it is. Frames share context, so
``t`` seconds of voice count as ``n = t / 0.05`` looks at it. With a prior of one look, of which
0.05 is elsewhere, the probability that more than half of the note is elsewhere is

    P(elsewhere) = P(Beta(n s + 0.05, n (1 - s) + 0.95) > 1/2)

so slides at the ends of a note, a small share, take next to nothing from it; and where no voice is
heard, nothing is known and next to nothing taken either.

**Octaves.** Pitches are looked for where they sound: at the vocabulary's ``sounding_offset``. An
offset of zero may be one that nobody stated; there, of the octave of the labels and its neighbours,
that in which most of the recording lies is taken for the whole recording, so a voice an octave away
from its labels is not told of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.baselines.pitch_check import PitchCheck

if TYPE_CHECKING:
    from bayes_a2m.datasets import Recording
    from bayes_a2m.decoding.note_posterior import NoteHypothesis
    from bayes_a2m.decoding.transcription import Transcription
    from bayes_a2m.music import Note, Vocabulary
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior
    from bayes_a2m.prediction.posterior import FramePosterior

TOLERANCE = 65.0
"""Cents from a pitch of the vocabulary up to which a frame is at it: people sing out of tune.

Chosen among 50 to 90 on 31 tuning recordings of real singers and 72 of synthetic ones.
"""

LOOK_SECONDS = 0.05
"""Seconds of voice that count as one look at a note."""

PRIOR = (0.05, 0.95)
"""Looks elsewhere, and at the vocabulary, that the share of every note begins with."""

EDGE = 0.2
"""Share of a note's frames at either end that are left out: slides, and labels' own clock."""

MOST = 0.5
"""Share of the sounding frames at other pitches from which on nothing is promised."""

KNOWN = frozenset(range(36, 85))
"""MIDI pitches of the model that ships; kept here so that it need not be loaded to know them."""

OCTAVES = (0, -12, 12)
"""Semitones by which a whole recording may lie from its labels, where nobody said how many."""


@dataclass(frozen=True)
class PitchListener:
    """The model of any pitch beside one of few; it is loaded when it is first asked."""

    @cached_property
    def model(self) -> NetworkPosterior:
        """The model of any pitch."""
        from bayes_a2m.models.loading import load_model, pretrained_directory
        from bayes_a2m.posteriors.network_posterior import NetworkPosterior

        model = load_model(pretrained_directory())
        assert isinstance(model, NetworkPosterior)  # it ships as a point estimate
        return model

    def knows_more_than(self, vocabulary: Vocabulary) -> bool:
        """Whether it knows all pitches of a vocabulary, and others; it needs torch to listen."""
        return _sounding(vocabulary) < KNOWN and find_spec("torch") is not None

    def check(self, recording: Recording, vocabulary: Vocabulary) -> PitchCheck:
        """Look where the pitches of a recording lie.

        Parameters
        ----------
        recording
            Any recording.
        vocabulary
            The pitches that are asked about.

        Raises
        ------
        InputError
            If the recording cannot be read.
        """
        from bayes_a2m.posteriors.continuous_pitch import continuous_pitch

        pitch = continuous_pitch(self.model, recording)
        return check_of(self.model.predict([recording]), vocabulary, pitch.midi)


def check_of(
    posterior: FramePosterior, vocabulary: Vocabulary, midi: NDArray[np.float32] | None = None
) -> PitchCheck:
    """Find what a posterior over many pitches says of those outside of a vocabulary.

    Parameters
    ----------
    posterior
        Of one recording, of a model that knows more pitches.
    vocabulary
        The pitches that are asked about.
    midi
        The continuous pitch of its frames, fractional MIDI: frames within :data:`TOLERANCE` of a
        pitch of the vocabulary are at it. None counts semitones alone.
    """
    probs = posterior.of(0).astype(np.float64)[:, 1:]
    sounding = np.array(sorted(_sounding(posterior.vocabulary)))
    asked = np.array(sorted(_sounding(vocabulary)))
    octaves = OCTAVES if vocabulary.sounding_offset == 0 else (0,)

    def outside(octave: int) -> NDArray[np.float64]:
        own = asked + octave
        others = np.where(np.isin(sounding, own), 0.0, probs)
        if midi is not None:
            others[np.abs(midi[: len(probs), None] - own).min(axis=1) <= TOLERANCE / 100] = 0.0
        return others

    # the first where several are alike
    others = min((outside(octave) for octave in octaves), key=np.sum)
    named = sounding - vocabulary.sounding_offset  # as the vocabulary would label them
    classes = (named[:, None] % 12 == np.arange(12)).astype(np.float64)
    return PitchCheck(
        vocabulary,
        probs.sum(axis=1),
        others @ classes,
        hop_seconds=posterior.grid.hop_seconds,
        most=MOST,
        edge=EDGE,
    )


def elsewhere(check: PitchCheck, note: Note) -> float:
    """The probability that a note lies at another pitch than those of the vocabulary.

    >>> from bayes_a2m.music import Note, Vocabulary
    >>> heard = np.repeat([0.9, 0.1], 50)
    >>> other = np.zeros((100, 12))
    >>> other[:50, 2] = 0.9  # D, half a second of it
    >>> check = PitchCheck(Vocabulary(), heard, other)
    >>> [round(elsewhere(check, Note(a, a + 0.5, 60)), 3) for a in (0.0, 0.5)]
    [1.0, 0.0]
    """
    from scipy.special import betaincc  # scipy.stats takes half a second to load

    return float(betaincc(*_looks(check, note), 0.5))


def _looks(check: PitchCheck, note: Note) -> tuple[float, float]:
    """Looks at a note elsewhere, and at the vocabulary, those of the prior among them."""
    share = check.of_note(note)
    looks = check.sounding_seconds(note) / LOOK_SECONDS
    return looks * share + PRIOR[0], looks * (1 - share) + PRIOR[1]


def _expected_share(check: PitchCheck, note: Note) -> float:
    """The posterior mean of the share of a note that lies elsewhere."""
    there, here = _looks(check, note)
    return there / (there + here)


def lowered(transcription: Transcription, check: PitchCheck) -> Transcription:
    """Multiply what is said of every note by the probability that its pitch is one of its own.

    Parameters
    ----------
    transcription
        Notes of a model of few pitches.
    check
        Where the pitches of the same recording lie.

    Returns
    -------
    Transcription
        With lower probabilities, and the share of every note at other pitches, by which a note is
        doubtful from one half on.
    """
    kept = [1 - elsewhere(check, note) for note in transcription.notes]
    known = transcription.posterior
    if known is not None:
        both = zip(known.hypotheses, kept, strict=True)
        lower = tuple(_lowered(one, keep) for one, keep in both)
        total = sum(one.probability for one in known.hypotheses)
        ratio = sum(one.probability for one in lower) / total if total > 0 else 1.0
        known = replace(
            known,
            hypotheses=lower,
            others=tuple(_checked(check, one) for one in known.others),
            revise=partial(_checked, check),
            # expected hits fall in proportion; those of the reference are as many as before
            expected_f1=known.expected_f1 * ratio,
        )
    sure = zip(transcription.frame_probabilities, kept, strict=True)
    return replace(
        transcription,
        frame_probabilities=tuple(p * keep for p, keep in sure),
        posterior=known,
        other_pitch=tuple(_expected_share(check, note) for note in transcription.notes),
    )


def _checked(check: PitchCheck, one: NoteHypothesis) -> NoteHypothesis:
    return _lowered(one, 1 - elsewhere(check, one.note))


def _lowered(one: NoteHypothesis, keep: float) -> NoteHypothesis:
    return replace(
        one,
        probability=one.probability * keep,
        alternatives=tuple(p * keep for p in one.alternatives),
    )


def _sounding(vocabulary: Vocabulary) -> set[int]:
    return {pitch + vocabulary.sounding_offset for pitch in vocabulary.pitches}
