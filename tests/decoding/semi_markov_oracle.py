"""What the semi-Markov model's loops are checked against: all segmentations, and autograd."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from bayes_a2m.decoding.duration import DurationDistribution
from bayes_a2m.decoding.semi_markov import Segments, SemiMarkov

Floats = NDArray[np.float64]

MODEL = SemiMarkov(
    DurationDistribution(2, (0.6, 0.4), (0.5, 0.7)),
    DurationDistribution(1, (1.0,), (0.6,)),
    first=(0.5, 0.3, 0.2),
    popularity=(0.7, 0.3),
    legato=0.2,
    repeat=0.1,
)


def evidence(frames: int, classes: int = 3, seed: int = 0) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    return 2 * generator.normal(size=(frames, classes)), generator.normal(size=frames)


def step(model: SemiMarkov, before: int, after: int, repeats: bool) -> float:
    """Probability of the next segment's class, written as the module's table has it."""
    repeat = model.repeat if repeats else 0.0
    legato = model.legato if len(model.popularity) > 1 else 0.0
    if before == after:
        return repeat if after else 0.0
    if after == 0:
        return 1 - legato - repeat
    if before == 0:
        return model.popularity[after - 1]
    return legato * model.popularity[after - 1] / (1 - model.popularity[before - 1])


def segment_score(
    model: SemiMarkov, psi: Floats, onset: Floats, k: int, start: int, end: int
) -> float:
    """Duration, evidence and onset of one segment, without its step."""
    distribution = model.notes if k else model.rests
    distribution = distribution if start else distribution.residual()
    table = distribution.log_survival(end) if end == psi.shape[0] else distribution.log_pmf(end)
    starts_note = k > 0 and start > 0
    return float(table[end - start] + psi[start:end, k].sum() + (onset[start] * starts_note))


def segmentations(frames: int, classes: int) -> Iterator[Segments]:
    """All of them, also the impossible."""
    for cuts in itertools.product((False, True), repeat=frames - 1):
        starts = np.array([0, *(t + 1 for t, cut in enumerate(cuts) if cut)])
        ends = np.append(starts[1:], frames)
        for labels in itertools.product(range(classes), repeat=starts.size):
            yield Segments(starts, ends, np.array(labels))


def score(
    model: SemiMarkov, psi: Floats, onset: Floats, one: Segments, repeats: bool = True
) -> float:
    with np.errstate(divide="ignore"):
        total = float(np.log(model.first[one.classes[0]]))
        for before, after in itertools.pairwise(one.classes):
            total += float(np.log(step(model, int(before), int(after), repeats)))
    for s, e, k in zip(one.starts, one.ends, one.classes, strict=True):
        total += segment_score(model, psi, onset, int(k), int(s), int(e))
    return total


def by_autograd(model: SemiMarkov, psi: Floats, onset: Floats) -> tuple[float, Floats]:
    """log Z, and its gradient by every segment's score, ``(start, end, class)``.

    Sums over all segments, of any length: quadratic in frames, and as plain as it can be.
    """
    frames, classes = psi.shape
    values = np.full((frames, frames + 1, classes), -np.inf)
    for s in range(frames):
        for e in range(s + 1, frames + 1):
            for k in range(classes):
                values[s, e, k] = segment_score(model, psi, onset, k, s, e)
    possible = np.isfinite(values)
    segments = torch.tensor(np.where(possible, values, 0.0), requires_grad=True)
    with np.errstate(divide="ignore"):
        steps = torch.tensor(
            np.log([[step(model, a, b, True) for b in range(classes)] for a in range(classes)])
        )
        first = torch.tensor(np.log(model.first))
    ended: dict[tuple[int, int], torch.Tensor] = {}
    for e in range(1, frames + 1):
        for k in range(classes):
            terms = []
            for s in range(e):
                if not possible[s, e, k]:
                    continue
                if s == 0:
                    terms.append(first[k] + segments[s, e, k])
                    continue
                terms += [
                    ended[s, i] + steps[i, k] + segments[s, e, k]
                    for i in range(classes)
                    if (s, i) in ended and torch.isfinite(steps[i, k])
                ]
            if terms:
                ended[e, k] = torch.logsumexp(torch.stack(terms), dim=0)
    last = [ended[frames, k] for k in range(classes) if (frames, k) in ended]
    log_z = torch.logsumexp(torch.stack(last), dim=0)
    (gradient,) = torch.autograd.grad(log_z, segments)
    return float(log_z.detach()), gradient.numpy()
