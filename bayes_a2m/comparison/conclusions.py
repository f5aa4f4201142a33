"""Sentences about what a comparison allows to be said, and what it does not.

A claim is made of the five scores that were chosen beforehand (:data:`PRIMARY`), and only where
the interval excludes zero; else the sentence says how much better or worse it could be. What
classes, conditions, places and stages show was looked for among many, and is called a hint, with
how many intervals would exclude zero by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bayes_a2m.comparison.difference import Difference
from bayes_a2m.metrics.metric import metric_named
from bayes_a2m.resampling.bootstrap import LEVEL

PRIMARY = ("nll", "accuracy", "ece", "note_onset_f1_50ms", "note_onset_f1_100ms")
"""Scores that claims are made of, chosen before anything is compared."""

OF_CLASS = ("precision", "recall", "classwise_ece")
"""Scores that are looked at by class; by condition, place and stage they are the primary ones."""

SHOWN = 4
"""Hints in the paragraph; the list has them all."""


def label_of(metric: str) -> str:
    """Give the word by which a sentence calls a score.

    Raises
    ------
    InputError
        If there is no such metric.

    >>> label_of("nll"), label_of("classwise_ece")
    ('NLL', 'calibration error')
    """
    return metric_named(metric, *(("class",) if metric in OF_CLASS else ())).label


@dataclass(frozen=True)
class Conclusions:
    """The sentences of a comparison.

    Attributes
    ----------
    basis
        The recordings and seeds that it rests on.
    can
        The claims, a sentence a score.
    cannot
        Scores of which nothing can be said, with how large a difference remains possible.
    hints
        Suggestions of classes, conditions, places and stages, the clearest first; explorative.
    caution
        A reminder of how many intervals exclude zero by chance; "" where none does.
    """

    basis: str
    can: tuple[str, ...]
    cannot: tuple[str, ...]
    hints: tuple[str, ...]
    caution: str

    @property
    def sentence(self) -> str:
        """All as one paragraph."""
        return " ".join([self.basis, *self.can, *self.cannot, *([self.caution] * bool(self.hints))])


def conclusions(
    *,
    names: tuple[str, str],
    models: tuple[int, int],
    recordings: int,
    metrics: Mapping[str, Difference],
    parts: Mapping[str, Mapping[str, Difference]],
) -> Conclusions:
    """Conclude what the differences allow.

    Parameters
    ----------
    names, models
        Names of the sides, and how many models each has.
    recordings
        How many recordings both were scored on.
    metrics
        Differences over all frames.
    parts
        Differences of parts, by how a sentence ends that speaks of one: ``"for E4"``.
    """
    primary = {m: metrics[m] for m in PRIMARY if m in metrics and metrics[m].low is not None}
    same = [m for m, d in primary.items() if d.same]
    can = [claim(m, d, names) for m, d in primary.items() if d.decided]
    if same:
        alike = _listed([label_of(m) for m in same])
        can.append(f"{names[0]} and {names[1]} are the same in {alike}.")
    cannot = [doubt(m, d, names) for m, d in primary.items() if not d.decided and not d.same]
    cannot += [
        f"Nothing can be said of {label_of(m)}: recordings so few show no spread."
        for m, d in metrics.items()
        if m in PRIMARY and d.difference is not None and d.low is None
    ]
    cannot += _narrowing(primary) if max(models) > 1 else []
    cannot += _about_designs(names, models)
    looked = [
        (m, where, d)
        for where, own in parts.items()
        for m, d in own.items()
        if m in (PRIMARY if "nll" in own else OF_CLASS) and d.low is not None and not d.same
    ]
    found = sorted((f for f in looked if f[2].decided), key=lambda f: -_clearness(f[2]))
    hints = tuple(claim(m, d, names, where) for m, where, d in found)
    return Conclusions(
        basis=_basis(models, recordings),
        can=tuple(can),
        cannot=tuple(cannot),
        hints=hints,
        caution=_caution(hints, len(looked)),
    )


def claim(metric: str, found: Difference, names: tuple[str, str], where: str = "") -> str:
    """State which side is better, by how much, and how sure that is.

    >>> found = Difference(0.170, 0.174, -0.004, -0.007, -0.001, 0.99, "lower")
    >>> claim("nll", found, ("two_stage", "one_stage"))
    'two_stage has a lower NLL than one_stage, by 0.0040 [0.0010, 0.0070] (probability 0.99).'
    """
    assert found.difference is not None and found.low is not None and found.high is not None
    assert found.probability_better is not None
    first_wins = (found.difference > 0) == (found.better == "higher")
    winner, loser = names if first_wins else names[::-1]
    low, high = sorted((abs(found.low), abs(found.high)))
    digits = _digits(high - low)
    value, low_shown, high_shown = (f"{x:.{digits}f}" for x in (abs(found.difference), low, high))
    sure = max(found.probability_better, 1 - found.probability_better)
    probability = f"{sure:.2f}" if sure < 0.995 else "above 0.99"
    place = f" {where}" if where else ""
    return (
        f"{winner} has a {found.better} {label_of(metric)} than {loser}{place}, by {value} "
        f"[{low_shown}, {high_shown}] (probability {probability})."
    )


def doubt(metric: str, found: Difference, names: tuple[str, str]) -> str:
    """State what remains possible where the interval holds zero.

    >>> found = Difference(0.94, 0.93, 0.001, -0.003, 0.005, 0.7, "higher", 0.002, 0.0)
    >>> doubt("accuracy", found, ("two_stage", "one_stage"))
    'Nothing can be said of accuracy: two_stage could be 0.0050 better or 0.0030 worse than
    one_stage (probability that it is better: 0.70).'
    """
    assert found.low is not None and found.high is not None
    good, bad = (found.high, -found.low) if found.better == "higher" else (-found.low, found.high)
    digits = _digits(found.high - found.low)
    better, worse = (f"{max(x, 0.0):.{digits}f}" for x in (good, bad))
    return (
        f"Nothing can be said of {label_of(metric)}: {names[0]} could be {better} better or "
        f"{worse} worse than {names[1]} (probability that it is better: "
        f"{found.probability_better:.2f})."
    )


def _basis(models: tuple[int, int], recordings: int) -> str:
    count = f"{recordings} recording{'s' * (recordings != 1)}"
    if models == (1, 1):
        return f"Compared on {count}, one model a side."
    if models[0] == models[1]:
        return f"Compared on {count}, {models[0]} seeds a side."
    return f"Compared on {count}, {models[0]} against {models[1]} models."


def _narrowing(primary: Mapping[str, Difference]) -> list[str]:
    """What would narrow the intervals that hold zero: the source most of their variance is from."""
    by_source: dict[str, list[str]] = {"seeds": [], "recordings": []}
    for metric, found in primary.items():
        if found.decided or found.same:
            continue
        assert found.error_seeds is not None and found.error_recordings is not None
        source = "seeds" if found.error_seeds > found.error_recordings else "recordings"
        by_source[source].append(label_of(metric))
    told = [f"more {source} for {_listed(words)}" for source, words in by_source.items() if words]
    return [f"What would help most: {'; '.join(told)}."] if told else []


def _about_designs(names: tuple[str, str], models: tuple[int, int]) -> list[str]:
    """What a lone model leaves open."""
    if models == (1, 1):
        return [
            "This is about these two models, not about their designs: how much another seed would "
            "change was not measured."
        ]
    alone = [name for name, count in zip(names, models, strict=True) if count == 1]
    return [
        f"Of {name} this is about one model, not about its design: how much another seed would "
        "change was not measured."
        for name in alone
    ] + [
        "Two seeds hardly measure how much seeds differ: do not rely on an interval that just "
        "excludes zero before there are three."
    ] * (2 in models)


def _caution(hints: Sequence[str], looked: int) -> str:
    if not hints:
        return ""
    shown = " ".join(hints[:SHOWN])
    chance = max(1, round((1 - LEVEL) * looked))
    which = "The clearest: " if len(hints) > SHOWN else ""
    return (
        f"Of {looked} differences by class, condition, place and stage {len(hints)} "
        f"exclude{'s' * (len(hints) == 1)} zero, where about {chance} would by chance; these are "
        f"hints, not findings. {which}{shown}"
    )


def _clearness(found: Difference) -> float:
    """How far zero is outside the interval, in widths of it."""
    assert found.low is not None and found.high is not None and found.difference is not None
    width = found.high - found.low
    return abs(found.difference) / width if width > 0 else float("inf")


def _digits(width: float) -> int:
    """Decimals that show two digits of half an interval's width, but three to six."""
    return int(np.clip(1 - np.floor(np.log10(width / 2)), 3, 6)) if width > 0 else 3


def _listed(words: Sequence[str]) -> str:
    """Words with commas, and a last one with *and*."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
