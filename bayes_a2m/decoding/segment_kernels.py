"""The loops of :mod:`bayes_a2m.decoding.semi_markov`, compiled by numba when first used.

Import this module only inside functions: numba takes a second to import, and the kernels some
seconds to compile the first time (they are cached beside the source, or in the user's cache).

Two things make the loops fast without giving up the range of logarithms.

*Phases share a scale.* The phases of one class see the same evidence, so they differ by little.
They are kept as plain numbers over one logarithmic scale a class; a frame's evidence is added to
the scale and costs no exponential. A phase lost to underflow is e^-500 behind another of its own
class, and no evidence can tell them apart later.

*Pitches are left and entered independently.* The probability of going from pitch i directly to
another pitch j is ``leave[i] * enter[j]``: a matrix of rank one, with ``repeat`` for its diagonal.
The sum over all predecessors is then one sum for all pitches, less one term each. That term is
subtracted except for the largest, whose sum of others is made by itself, so nothing cancels.

In all of them class 0 is silence, ``psi (frame, class)`` is the evidence, ``sums (frame + 1,
class)`` its running sums, ``onset (frame,)`` the log-odds of an onset, index 0 of a table of
durations is silence's and index 1 notes'. ``-inf`` is a logarithm like any other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAR = 500.0
"""Difference of logarithms at which a class's scale is moved."""


@njit(cache=True)
def _others(logs: Floats, out: Floats) -> None:
    """Logarithm of the sum of all but one, for every one, from index 1 on."""
    count = logs.shape[0]
    best = 1
    for i in range(2, count):
        if logs[i] > logs[best]:
            best = i
    largest = logs[best]
    second = -np.inf
    for i in range(1, count):
        if i != best and logs[i] > second:
            second = logs[i]
    rest = 0.0
    if second > -np.inf:
        for i in range(1, count):
            if i != best:
                out[i] = np.exp(logs[i] - second)
                rest += out[i]
    shrink = np.exp(second - largest) if second > -np.inf else 0.0
    for i in range(1, count):
        if i != best:
            if largest == -np.inf:
                out[i] = -np.inf
            else:
                share = out[i] * shrink if second > -np.inf else 0.0
                out[i] = largest + np.log(1.0 + rest * shrink - share)
    out[best] = second + np.log(rest) if second > -np.inf else -np.inf


@njit(cache=True)
def _add(a: float, b: float) -> float:
    """Logarithm of a sum."""
    if a == -np.inf:
        return b
    if b == -np.inf:
        return a
    if a > b:
        return a + math.log1p(math.exp(b - a))
    return b + math.log1p(math.exp(a - b))


@njit(cache=True)
def _entries(
    exits: Floats,
    onset: float,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    plain: tuple[Floats, Floats, float, float],
    scratch: Floats,
    out: Floats,
) -> None:
    """What starts at a frame, given what ends before it; ``plain`` are the steps themselves."""
    classes = exits.shape[0]
    most, least = exits[0], exits[0]
    for k in range(1, classes):
        most, least = max(most, exits[k]), min(least, exits[k])
    if most == -np.inf:
        out[:] = -np.inf
        return
    if most - least < _FAR:  # one exponential and one logarithm a class
        leaves, enters, repeats, falls = plain
        shares = scratch[0]
        sounding, best = 0.0, 1
        for k in range(classes):
            shares[k] = np.exp(exits[k] - most)
        for k in range(1, classes):
            sounding += shares[k]
            if leaves[k] * shares[k] > leaves[best] * shares[best]:
                best = k
        rest = 0.0
        for k in range(1, classes):
            if k != best:
                rest += leaves[k] * shares[k]
        total = rest + leaves[best] * shares[best]
        out[0] = most + np.log(falls * sounding)
        for k in range(1, classes):
            others = rest if k == best else total - leaves[k] * shares[k]
            into = enters[k] * (others + shares[0]) + repeats * shares[k]
            out[k] = onset + most + np.log(into) if into > 0 else -np.inf
        return
    left, others_ = scratch[0], scratch[1]
    loudest = -np.inf
    for k in range(1, classes):
        left[k] = leave[k] + exits[k]
        loudest = max(loudest, exits[k])
    _others(left, others_)
    out[0] = -np.inf
    if loudest > -np.inf:
        sounding = 0.0
        for k in range(1, classes):
            sounding += np.exp(exits[k] - loudest)
        out[0] = fall + loudest + np.log(sounding)
    for k in range(1, classes):
        reached = _add(enter[k] + others_[k], enter[k] + exits[0])
        out[k] = onset + _add(reached, repeat + exits[k])


@njit(cache=True)
def _endings(
    begun: Floats,
    onset: float,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    plain: tuple[Floats, Floats, float, float],
    scratch: Floats,
    out: Floats,
) -> None:
    """What follows each class that ends before a frame, given what follows each start there."""
    classes = begun.shape[0]
    most, least = begun[0], begun[0]
    for k in range(1, classes):
        most, least = max(most, onset + begun[k]), min(least, onset + begun[k])
    if most - least < _FAR:
        leaves, enters, repeats, falls = plain
        shares = scratch[0]
        shares[0] = np.exp(begun[0] - most)
        best = 1
        for k in range(1, classes):
            shares[k] = np.exp(onset + begun[k] - most)
            if enters[k] * shares[k] > enters[best] * shares[best]:
                best = k
        rest = 0.0
        for k in range(1, classes):
            if k != best:
                rest += enters[k] * shares[k]
        total = rest + enters[best] * shares[best]
        out[0] = most + np.log(total)
        for k in range(1, classes):
            others = rest if k == best else total - enters[k] * shares[k]
            onward = leaves[k] * others + falls * shares[0] + repeats * shares[k]
            out[k] = most + np.log(onward) if onward > 0 else -np.inf
        return
    entering, others_ = scratch[0], scratch[1]
    loudest = -np.inf
    for k in range(1, classes):
        entering[k] = enter[k] + onset + begun[k]
        loudest = max(loudest, entering[k])
    _others(entering, others_)
    out[0] = -np.inf
    if loudest > -np.inf:
        sounding = 0.0
        for k in range(1, classes):
            sounding += np.exp(entering[k] - loudest)
        out[0] = loudest + np.log(sounding)
    for k in range(1, classes):
        onward = _add(leave[k] + others_[k], fall + begun[0])
        out[k] = _add(onward, repeat + onset + begun[k])


@njit(cache=True)
def forward(
    psi: Floats,
    sums: Floats,
    onset: Floats,
    first: Floats,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    minimum: Ints,
    start: Floats,
    stay: Floats,
    residual: Floats,
    entry: Floats,
    exit_: Floats,
    last: Floats,
) -> float:
    """Fill the forward messages; returns log Z.

    ``entry[t, k]``: everything before frame t, and a segment of class k starting there (t >= 1).
    ``exit_[t, k]``: everything before frame t, and a segment of class k ending there.
    ``last[k]``: the whole recording, ending in a segment of class k.
    """
    frames, classes = psi.shape
    phases = stay.shape[1]
    inside = np.zeros((classes, phases))
    scale = np.empty(classes)
    plain = np.exp(leave), np.exp(enter), np.exp(repeat), np.exp(fall)
    scratch = np.empty((2, classes))
    for k in range(classes):
        kind = min(k, 1)
        scale[k] = first[k] + psi[0, k]
        for j in range(phases):
            inside[k, j] = residual[kind, j]
    entry[0, :] = -np.inf
    exit_[0, :] = -np.inf
    for t in range(1, frames):
        for k in range(classes):
            kind = min(k, 1)
            leaving = inside[k, phases - 1] * (1.0 - stay[kind, phases - 1])
            exit_[t, k] = np.log(leaving) + scale[k] if leaving > 0 else -np.inf
        _entries(exit_[t], onset[t], leave, enter, repeat, fall, plain, scratch, entry[t])
        for k in range(classes):
            kind = min(k, 1)
            for j in range(phases - 1, 0, -1):
                inside[k, j] = inside[k, j] * stay[kind, j] + inside[k, j - 1] * (
                    1.0 - stay[kind, j - 1]
                )
            inside[k, 0] *= stay[kind, 0]
            scale[k] += psi[t, k]
            since = t - minimum[kind] + 1
            if since >= 1 and entry[since, k] > -np.inf:
                arriving = entry[since, k] + sums[t + 1, k] - sums[since, k]
                if arriving - scale[k] > _FAR:
                    shrink = np.exp(scale[k] - arriving)
                    for j in range(phases):
                        inside[k, j] *= shrink
                    scale[k] = arriving
                share = np.exp(arriving - scale[k])
                for j in range(phases):
                    inside[k, j] += share * start[kind, j]
            total = 0.0
            for j in range(phases):
                total += inside[k, j]
            if total > 0 and (total < 1e-100 or total > 1e100):
                for j in range(phases):
                    inside[k, j] /= total
                scale[k] += np.log(total)
    log_z = -np.inf
    for k in range(classes):
        kind = min(k, 1)
        total = 0.0
        for j in range(phases):
            total += inside[k, j]
        ending = np.log(total) + scale[k] if total > 0 else -np.inf
        for s in range(max(1, frames - minimum[kind] + 1), frames):
            ending = _add(ending, entry[s, k] + sums[frames, k] - sums[s, k])
        last[k] = ending
        log_z = _add(log_z, ending)
    return log_z


@njit(cache=True)
def backward(
    psi: Floats,
    sums: Floats,
    onset: Floats,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    minimum: Ints,
    start: Floats,
    stay: Floats,
    residual: Floats,
    begun: Floats,
    ended: Floats,
) -> None:
    """Fill the backward messages.

    ``begun[t, k]``: everything from frame t on, given that a segment of class k starts there; at
    frame 0, given that it sounds there already.
    ``ended[t, k]``: everything from frame t on, given that a segment of class k ended before it.
    """
    frames, classes = psi.shape
    phases = stay.shape[1]
    inside = np.ones((classes, phases))
    scale = np.zeros(classes)
    plain = np.exp(leave), np.exp(enter), np.exp(repeat), np.exp(fall)
    scratch = np.empty((2, classes))
    ended[0, :] = -np.inf
    for k in range(classes):
        kind = min(k, 1)
        for s in range(max(1, frames - minimum[kind] + 1), frames):
            begun[s, k] = sums[frames, k] - sums[s, k]
    for t in range(frames - 1, 0, -1):
        # here ``inside`` is of frame t: what follows it, given the phase in it
        for k in range(classes):
            kind = min(k, 1)
            since = t - minimum[kind] + 1
            if since >= 1:
                total = 0.0
                for j in range(phases):
                    total += start[kind, j] * inside[k, j]
                begun[since, k] = sums[t + 1, k] - sums[since, k] + np.log(total) + scale[k]
        _endings(begun[t], onset[t], leave, enter, repeat, fall, plain, scratch, ended[t])
        for k in range(classes):
            kind = min(k, 1)
            staying = psi[t, k] + scale[k]
            if ended[t, k] - staying > _FAR:
                shrink = np.exp(staying - ended[t, k])
                for j in range(phases):
                    inside[k, j] *= shrink
                staying = ended[t, k]
            leaving = np.exp(ended[t, k] - staying)
            total = 0.0
            for j in range(phases):
                after = leaving if j == phases - 1 else inside[k, j + 1]
                inside[k, j] = stay[kind, j] * inside[k, j] + (1.0 - stay[kind, j]) * after
                total += inside[k, j]
            scale[k] = staying
            if total < 1e-100 or total > 1e100:
                for j in range(phases):
                    inside[k, j] /= total
                scale[k] += np.log(total)

    for k in range(classes):
        kind = min(k, 1)
        total = 0.0
        for j in range(phases):
            total += residual[kind, j] * inside[k, j]
        begun[0, k] = psi[0, k] + np.log(total) + scale[k]


@njit(cache=True)
def _segment_start(
    end: int,
    k: int,
    least: int,
    norm: float,
    uniform: float,
    sums: Floats,
    entry: Floats,
    lengths: Floats,
) -> int:
    """Where a segment of class k that ends before frame ``end`` started, drawn by ``uniform``.

    Starts are tried from the latest; what is left over when none is reached is the segment that
    sounds already at frame 0.
    """
    kind = min(k, 1)
    reached = 0.0
    for s in range(end - least, 0, -1):
        term = entry[s, k] + sums[end, k] - sums[s, k] + lengths[kind, end - s] - norm
        if term > -745.0:
            reached += np.exp(term)
            if reached > uniform:
                return s
    return 0


@njit(cache=True)
def sample(
    generator: np.random.Generator,
    sums: Floats,
    first: Floats,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    minimum: Ints,
    log_pmf: Floats,
    log_survival: Floats,
    first_pmf: Floats,
    first_survival: Floats,
    entry: Floats,
    exit_: Floats,
    last: Floats,
    starts: Ints,
    ends: Ints,
    chosen: Ints,
) -> int:
    """Draw one segmentation, from its end; returns the number of segments, the last one first."""
    frames, classes = sums.shape[0] - 1, sums.shape[1]
    logits = np.empty(classes)
    count = 0
    end = frames
    after = -1
    while end > 0:
        for i in range(classes):
            if after < 0:
                logits[i] = last[i]
            elif i == 0:
                logits[i] = exit_[end, 0] + enter[after] if after > 0 else -np.inf
            elif after == 0:
                logits[i] = exit_[end, i] + fall
            elif i == after:
                logits[i] = exit_[end, i] + repeat
            else:
                logits[i] = exit_[end, i] + leave[i] + enter[after]
        most = -np.inf
        for i in range(classes):
            most = max(most, logits[i])
        total = 0.0
        for i in range(classes):
            total += np.exp(logits[i] - most)
        goal = generator.random() * total
        reached = 0.0
        k = -1
        for i in range(classes):
            share = np.exp(logits[i] - most)
            if share > 0:
                k = i
                reached += share
                if reached > goal:
                    break
        kind = min(k, 1)
        uniform = generator.random()
        if after < 0:
            begin = _segment_start(end, k, 1, last[k], uniform, sums, entry, log_survival)
            impossible = first[k] + first_survival[kind, end] == -np.inf
        else:
            norm = exit_[end, k]
            begin = _segment_start(end, k, minimum[kind], norm, uniform, sums, entry, log_pmf)
            impossible = first[k] + first_pmf[kind, end] == -np.inf
        if begin == 0 and impossible:  # a sum short of one by rounding: the earliest possible start
            lengths = log_survival if after < 0 else log_pmf
            for s in range(1, end):
                if entry[s, k] + lengths[kind, end - s] > -np.inf:
                    begin = s
                    break
        starts[count], ends[count], chosen[count] = begin, end, k
        count += 1
        end = begin
        after = k
    return count


@njit(cache=True)
def likeliest(
    psi: Floats,
    sums: Floats,
    onset: Floats,
    first: Floats,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    minimum: Ints,
    log_pmf: Floats,
    log_survival: Floats,
    first_pmf: Floats,
    first_survival: Floats,
    longest: int,
    starts: Ints,
    ends: Ints,
    chosen: Ints,
) -> int:
    """The segmentation of highest score; returns the number of segments, the last one first.

    Lengths up to ``longest`` are tried one by one, down to where no longer one can win; past it
    the tail is geometric, a state that goes on.
    """
    frames, classes = psi.shape
    best = np.full((frames + 1, classes), -np.inf)  # ending before frame t
    since = np.zeros((frames + 1, classes), dtype=np.int64)
    enters = np.full((frames + 1, classes), -np.inf)  # starting at frame t, less the sums there
    comes = np.zeros((frames + 1, classes), dtype=np.int64)
    ceiling = np.full((frames + 1, classes), -np.inf)  # the largest of ``enters`` up to t
    tail = np.full(classes, -np.inf)
    tail_since = np.zeros(classes, dtype=np.int64)
    most_pmf = np.full((2, log_pmf.shape[1] + 1), -np.inf)
    for kind in range(2):
        for length in range(log_pmf.shape[1] - 1, -1, -1):
            most_pmf[kind, length] = max(most_pmf[kind, length + 1], log_pmf[kind, length])
    top = min(longest, frames)
    for t in range(1, frames + 1):
        at_end = t == frames
        for k in range(classes):
            kind = min(k, 1)
            lengths = log_survival if at_end else log_pmf
            score = first[k] + (first_survival[kind, t] if at_end else first_pmf[kind, t])
            place = 0
            least = 1 if at_end else minimum[kind]
            for length in range(least, min(top, t - 1) + 1):
                s = t - length
                value = enters[s, k] + lengths[kind, length]
                if value > score:
                    score = value
                    place = s
                if not at_end and ceiling[s, k] + most_pmf[kind, length] <= score:
                    break
            if top < frames:
                if tail[k] > -np.inf:
                    tail[k] += log_pmf[kind, top + 1] - log_pmf[kind, top]
                if t - top >= 1 and enters[t - top, k] + log_pmf[kind, top] > tail[k]:
                    tail[k] = enters[t - top, k] + log_pmf[kind, top]
                    tail_since[k] = t - top
                value = tail[k]
                if at_end:
                    value += log_survival[kind, top] - log_pmf[kind, top]
                if value > score:
                    score = value
                    place = tail_since[k]
            best[t, k] = score + sums[t, k]
            since[t, k] = place
        if at_end:
            break
        for k in range(classes):
            value = -np.inf
            before = -1
            for i in range(classes):
                if k == 0:
                    step = fall if i > 0 else -np.inf
                elif i == 0:
                    step = enter[k]
                elif i == k:
                    step = repeat
                else:
                    step = leave[i] + enter[k]
                if best[t, i] + step > value:
                    value = best[t, i] + step
                    before = i
            if k > 0:
                value += onset[t]
            enters[t, k] = value - sums[t, k]
            comes[t, k] = before
            ceiling[t, k] = max(ceiling[t - 1, k], enters[t, k])
    k = 0
    for i in range(1, classes):
        if best[frames, i] > best[frames, k]:
            k = i
    count = 0
    end = frames
    while end > 0:
        begin = since[end, k]
        starts[count], ends[count], chosen[count] = begin, end, k
        count += 1
        if begin > 0:
            k = comes[begin, k]
        end = begin
    return count


@njit(cache=True)
def reference_scores(
    edges: Ints,
    classes_: Ints,
    shifts: Ints,
    sums: Floats,
    onset: Floats,
    first: Floats,
    leave: Floats,
    enter: Floats,
    repeat: float,
    fall: float,
    log_pmf: Floats,
    log_survival: Floats,
    first_pmf: Floats,
    first_survival: Floats,
    out: Floats,
) -> None:
    """The score of one segmentation moved **earlier** by each shift.

    ``edges (segment + 1,)`` start at 0 and end at the number of frames, which do not move; a
    segment that leaves the recording is dropped, and its neighbour reaches the end.
    """
    frames = sums.shape[0] - 1
    count = classes_.shape[0]
    for g in range(shifts.shape[0]):
        score = 0.0
        before = -1
        for i in range(count):
            s = 0 if i == 0 else min(max(edges[i] - shifts[g], 0), frames)
            e = frames if i == count - 1 else min(max(edges[i + 1] - shifts[g], 0), frames)
            if e <= s:
                continue
            k = classes_[i]
            kind = min(k, 1)
            if before < 0:
                score += first[k]
                lengths = first_survival if e == frames else first_pmf
            else:
                if k == 0:
                    score += fall if before > 0 else -np.inf
                elif before == 0:
                    score += enter[k] + onset[s]
                elif before == k:
                    score += repeat + onset[s]
                else:
                    score += leave[before] + enter[k] + onset[s]
                lengths = log_survival if e == frames else log_pmf
            score += lengths[kind, e - s] + sums[e, k] - sums[s, k]
            before = k
        out[g] = score
