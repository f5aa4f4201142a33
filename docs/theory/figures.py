"""Draws every figure of the theory pages: ``python docs/theory/figures.py``.

One function a page, named as the page is. Random numbers are drawn from fixed seeds, so the
same versions of the libraries give the same pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.reporting.style import (
    BLACK,
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SILENCE,
    SKY,
    TICK,
    VERMILLION,
    WIDTH,
    class_colours,
    dress,
    new_figure,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HERE = Path(__file__).parent

PIXELS = 1200
"""Width of a picture."""

Array = NDArray[np.float64]


def legend(axes: Axes, where: str = "best", **more: object) -> None:
    """A small legend without a box."""
    axes.legend(loc=where, fontsize=TICK, frameon=False, handlelength=1.6, **more)


def vowel(f0: float, seconds: float, rate: int = 16000) -> tuple[Array, Array]:
    """An 'ah' whose spectrum envelope is known: impulses through an all-pole filter.

    Returns the samples and the filter's denominator ``1, a_1, ..., a_9``.
    """
    from scipy.signal import lfilter

    denominator = np.array([1.0, -0.9])  # the tilt of a voice
    for centre, width in ((800, 80), (1150, 90), (2900, 120), (3900, 130)):
        radius = np.exp(-np.pi * width / rate)
        pair = [1.0, -2 * radius * np.cos(2 * np.pi * centre / rate), radius**2]
        denominator = np.convolve(denominator, pair)
    source = np.zeros(int(seconds * rate))
    source[np.round(np.arange(0, seconds, 1 / f0) * rate).astype(int)] = 1.0
    source += 0.002 * np.random.default_rng(0).normal(size=len(source))  # breath
    return np.asarray(lfilter([1.0], denominator, source)), denominator


def decibels(spectrum: Array) -> Array:
    """Of magnitudes."""
    return 20 * np.log10(np.maximum(np.abs(spectrum), 1e-12))


def levinson(r: Array, order: int) -> tuple[Array, float]:
    """Predictor polynomial ``1, a_1, ..., a_p`` and error power; see linear_prediction.md."""
    a, error = np.array([1.0]), float(r[0])
    for i in range(1, order + 1):
        reflection = -(a @ r[i:0:-1]) / error
        a = np.append(a, 0.0)
        a = a + reflection * a[::-1]
        error *= 1 - reflection**2
    return a, error


def mel_scale() -> Figure:
    """The scale, the filters, and how far apart they stand in semitones."""
    import librosa

    figure = new_figure(WIDTH, 2.5)
    left, middle, right = figure.subplots(1, 3)
    hz = np.linspace(0, 8000, 400)
    for htk, colour, name in ((True, BLUE, "HTK"), (False, VERMILLION, "Slaney")):
        mel = librosa.hz_to_mel(hz, htk=htk) / librosa.hz_to_mel(1000.0, htk=htk)
        left.plot(hz / 1000, mel, color=colour, lw=1.4, label=name)
    left.axvline(1, color=SILENCE, lw=0.6, ls=":")
    dress(left, title="The scale", x="frequency, kHz", y="mel, 1 at 1 kHz", grid=True)
    legend(left, "upper left")

    bank = librosa.filters.mel(sr=16000, n_fft=4096, n_mels=12, fmin=30, fmax=8000)
    bins = np.arange(bank.shape[1]) * 16000 / 4096 / 1000
    for k, row in enumerate(bank):
        middle.plot(bins, row / bank.max(), color=(BLUE, ORANGE)[k % 2], lw=1.0)
    dress(middle, title="Twelve of Slaney's filters", x="frequency, kHz", y="weight")
    middle.set_ylim(0, 1.05)

    for htk, colour, name in ((True, BLUE, "128 mel, HTK"), (False, VERMILLION, "128 mel, Slaney")):
        centres = librosa.mel_frequencies(130, fmin=30, fmax=8000, htk=htk)[1:-1]
        apart = 12 * np.diff(np.log2(centres))
        right.loglog(centres[:-1], apart, color=colour, lw=1.4, label=name)
    right.axhline(1 / 3, color=GREEN, lw=1.4, label="CQT, 36 an octave")
    right.axhline(1, color=SILENCE, lw=0.8, ls=":")
    right.text(7800, 1.08, "a semitone", fontsize=TICK, color=INK, ha="right")
    right.set_xticks([50, 100, 200, 500, 1000, 2000, 5000])
    right.set_xticklabels(["50", "100", "200", "500", "1k", "2k", "5k"])
    right.set_yticks([0.3, 1, 3, 10])
    right.set_yticklabels(["0.3", "1", "3", "10"])
    right.minorticks_off()
    dress(right, title="From filter to filter", x="frequency, Hz", y="semitones")
    legend(right, "upper right")
    figure.tight_layout()
    return figure


def cepstral_coefficients() -> Figure:
    """A vowel's spectrum and its cepstrum: envelope on the left, pitch on the right."""
    rate, points = 16000, 2048
    f0 = 130.81
    samples, denominator = vowel(f0, 0.5)
    frame = samples[3000 : 3000 + points] * np.hanning(points)
    log_magnitude = np.log(np.abs(np.fft.rfft(frame)) + 1e-9)
    cepstrum = np.fft.irfft(log_magnitude)
    cut = int(0.004 * rate)
    lifter = np.zeros(points)
    lifter[: cut + 1] = 1
    lifter[points - cut :] = 1
    smooth = np.fft.rfft(cepstrum * lifter).real
    truth = -decibels(np.fft.rfft(denominator, points))

    figure = new_figure(WIDTH, 2.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    khz = np.arange(points // 2 + 1) * rate / points / 1000
    to_db = 20 / np.log(10)
    highest = log_magnitude.max()
    log_magnitude, smooth = log_magnitude - highest, smooth - highest
    left.plot(khz, to_db * log_magnitude, color=SILENCE, lw=0.6, label="spectrum of a frame")
    left.plot(khz, to_db * smooth, color=BLUE, lw=1.4, label="its cepstrum below 4 ms")
    offset = np.median(to_db * smooth - truth)  # their shapes are compared
    left.plot(khz, truth + offset, color=VERMILLION, lw=1.2, ls="--", label="the vowel's filter")
    left.set_xlim(0, 5)
    left.set_ylim(-120, 45)
    dress(left, title="Spectrum", x="frequency, kHz", y="dB", grid=True)
    legend(left, "upper right")

    quefrency = np.arange(points // 2) / rate * 1000
    right.axvspan(0, 4, color=SKY, alpha=0.25, lw=0)
    right.plot(quefrency, cepstrum[: points // 2], color=BLACK, lw=0.8)
    right.set_xlim(0, 20)
    right.set_ylim(-0.3, 0.6)
    peak = 1000 / f0
    right.annotate(
        f"1 / f0 = {peak:.2f} ms",
        (peak, float(cepstrum[int(0.006 * rate) : int(0.01 * rate)].max())),
        (10, 0.5),
        fontsize=TICK,
        color=VERMILLION,
        arrowprops={"arrowstyle": "-", "color": VERMILLION, "lw": 0.8},
    )
    right.text(2.0, -0.26, "envelope", fontsize=TICK, color=INK, ha="center")
    dress(right, title="Cepstrum", x="quefrency, ms", y="coefficient", grid=True)
    figure.tight_layout()
    return figure


def knn() -> Figure:
    """Votes as probabilities, their NLL by k, and distances in many dimensions."""
    from sklearn.neighbors import KNeighborsClassifier

    generator = np.random.default_rng(0)

    def p_of(x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-2.5 * x)))

    x = generator.normal(size=600)
    y = (generator.random(600) < p_of(x)).astype(int)
    new = generator.normal(size=4000)
    truth = (generator.random(4000) < p_of(new)).astype(int)

    figure = new_figure(WIDTH, 2.5)
    left, middle, right = figure.subplots(1, 3)
    line = np.linspace(-2.5, 2.5, 500)
    for k, colour in ((5, ORANGE), (50, BLUE)):
        fitted = KNeighborsClassifier(k).fit(x[:, None], y)
        shares = fitted.predict_proba(line[:, None])[:, 1]
        left.plot(line, shares, color=colour, lw=1.0, label=f"k = {k}")
    left.plot(line, p_of(line), color=BLACK, lw=1.2, ls="--", label="true")
    dress(left, title="Share of votes", x="feature", y="probability of class 1", grid=True)
    legend(left, "upper left")

    ks = np.unique(np.round(np.geomspace(1, 400, 22)).astype(int))
    plain, smoothed = [], []
    for k in ks:
        fitted = KNeighborsClassifier(int(k)).fit(x[:, None], y)
        votes = k * fitted.predict_proba(new[:, None])[np.arange(4000), truth]
        with np.errstate(divide="ignore"):
            plain.append(-np.log(votes / k).mean())
        smoothed.append(-np.log((votes + 0.5) / (k + 1)).mean())
    best = -np.log(np.where(truth == 1, p_of(new), 1 - p_of(new))).mean()
    found = np.isfinite(plain)
    middle.semilogx(ks, smoothed, color=BLUE, lw=1.4, label="half a vote added")
    middle.semilogx(ks[found], np.array(plain)[found], color=VERMILLION, lw=1.4, label="votes only")
    middle.axhline(best, color=BLACK, lw=1.0, ls="--", label="true probabilities")
    middle.axvspan(0.8, ks[found][0], color=VERMILLION, alpha=0.12, lw=0)
    middle.text(1.0, 0.345, "votes only: infinite", fontsize=TICK, color=VERMILLION)
    middle.set_xlim(0.8, 400)
    middle.set_ylim(0.32, 0.7)
    middle.set_xticks([1, 10, 100])
    middle.set_xticklabels(["1", "10", "100"])
    dress(middle, title="NLL on new frames", x="k", y="nats")
    legend(middle, "upper center")

    dimensions = np.array([1, 2, 3, 5, 10, 20, 50, 100, 252])
    ratios = []
    for dimension in dimensions:
        points = generator.normal(size=(1000, dimension))
        query = generator.normal(size=(40, dimension))
        squared = (query**2).sum(1)[:, None] + (points**2).sum(1) - 2 * query @ points.T
        distance = np.sqrt(np.maximum(squared, 0))
        ratios.append((distance.min(1) / np.median(distance, 1)).mean())
    right.semilogx(dimensions, ratios, color=PURPLE, lw=1.4, marker="o", ms=3)
    right.axvline(30, color=SILENCE, lw=0.8, ls=":")
    right.text(27, 0.92, "30 components", fontsize=TICK, color=INK, ha="right")
    right.set_ylim(0, 1)
    right.set_xticks([1, 10, 100])
    right.set_xticklabels(["1", "10", "100"])
    dress(
        right, title="Nearest over typical distance", x="dimensions", y="of 1,000 points", grid=True
    )
    figure.tight_layout()
    return figure


def linear_prediction() -> Figure:
    """A vowel, its residual, its envelope by order, and the autocorrelation of both."""
    from scipy.signal import lfilter

    rate, points, f0 = 16000, 1024, 130.81
    samples, denominator = vowel(f0, 0.5)
    samples = samples / np.abs(samples).max()
    frame = samples[3000 : 3000 + points]
    windowed = frame * np.hanning(points)
    r = np.correlate(windowed, windowed, "full")[points - 1 :]

    figure = new_figure(WIDTH, 2.6)
    left, middle, right = figure.subplots(1, 3)
    a, _ = levinson(r, 12)
    residual = lfilter(a, [1.0], samples)[3000 : 3000 + points]
    ms = np.arange(points) / rate * 1000
    left.plot(ms, frame / np.abs(frame).max() + 1.1, color=BLACK, lw=0.8)
    left.plot(ms, residual / np.abs(residual).max() - 1.1, color=BLUE, lw=0.8)
    left.set_xlim(0, 40)
    left.set_ylim(-1.9, 2.9)
    left.set_yticks([])
    left.text(0.5, 2.4, "vowel", fontsize=TICK, color=INK)
    left.text(0.5, -1.7, "residual, order 12", fontsize=TICK, color=BLUE)
    dress(left, title="Signal and residual", x="time, ms")

    size = 4096
    khz = np.arange(size // 2 + 1) * rate / size / 1000
    spectrum = decibels(np.fft.rfft(windowed, size))
    middle.plot(khz, spectrum, color=SILENCE, lw=0.5, label="spectrum")
    for order, colour in ((4, ORANGE), (12, BLUE)):
        a, error = levinson(r, order)
        envelope = 10 * np.log10(error) - decibels(np.fft.rfft(a, size))
        middle.plot(khz, envelope, color=colour, lw=1.3, label=f"order {order}")
    true = -decibels(np.fft.rfft(denominator, size))
    offset = (envelope - true)[: size // 3].mean()
    middle.plot(khz, true + offset, color=VERMILLION, lw=1.1, ls="--", label="true filter")
    middle.set_xlim(0, 5)
    middle.set_ylim(-60, 60)
    dress(middle, title="Envelope", x="frequency, kHz", y="dB", grid=True)
    legend(middle, "upper right", ncols=2, columnspacing=1.0)

    lag = np.arange(points) / rate * 1000
    whitened = residual * np.hanning(points)
    of_residual = np.correlate(whitened, whitened, "full")[points - 1 :]
    right.plot(lag, r / r[0], color=BLACK, lw=0.8, label="of the vowel")
    right.plot(lag, of_residual / of_residual[0], color=BLUE, lw=1.2, label="of the residual")
    right.axvline(1000 / f0, color=VERMILLION, lw=0.8, ls=":")
    right.text(1000 / f0 + 0.3, -0.93, "1 / f0", fontsize=TICK, color=VERMILLION)
    right.set_xlim(0, 20)
    right.set_ylim(-1, 1.45)
    dress(right, title="Autocorrelation", x="lag, ms", grid=True)
    legend(right, "upper right")
    figure.tight_layout()
    return figure


def cqt() -> Figure:
    """Window lengths, what a neighbouring semitone leaves in a bin, and a click with tones."""
    import torch

    from bayes_a2m.audio.cqt import CQT

    figure = new_figure(WIDTH, 2.6)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.35])

    notes = {"C1": 32.70, "C2": 65.41, "C3": 130.81, "C4": 261.63, "C5": 523.25, "C6": 1046.5}
    ratio = 2 ** (1 / 36)
    quality = (ratio**2 + 1) / (ratio**2 - 1)
    for row, (name, frequency) in enumerate(notes.items()):
        half = quality / frequency / 2
        time = np.linspace(-half, half, 200)
        window = 0.8 * np.cos(np.pi * time / half / 2) ** 2
        left.fill_between(time, row, row + window, color=BLUE, alpha=0.8, lw=0)
        left.text(1.6, row + 0.12, f"{name}  {2 * half:.2f} s", fontsize=TICK, ha="right")
    left.set_yticks([])
    left.set_xlim(-0.83, 1.6)
    left.set_xticks([-0.8, 0, 0.8])
    dress(left, title="What a bin hears", x="time, s")
    left.spines["left"].set_visible(False)

    semitones = np.linspace(-3, 3, 601)
    for bins, colour in ((12, ORANGE), (36, BLUE)):
        step = 2 ** (1 / bins)
        q = (step**2 + 1) / (step**2 - 1)
        offset = q * (2 ** (semitones / 12) - 1)
        response = decibels(np.sinc(offset) / (1 - offset**2))
        middle.plot(semitones, response, color=colour, lw=1.3, label=f"{bins} an octave")
    for place in (-1, 1):
        middle.vlines(place, -60, 0, color=SILENCE, lw=0.8, ls=":")
    middle.set_ylim(-60, 24)
    middle.set_yticks([-60, -40, -20, 0])
    middle.set_xticks([-3, -2, -1, 0, 1, 2, 3])
    dress(middle, title="A tone in a bin", x="semitones away", y="dB", grid=True)
    legend(middle, "upper center")

    rate, seconds = 16000, 3.0
    time = np.arange(int(seconds * rate)) / rate
    sound = np.zeros_like(time)
    within = (time >= 1.5) & (time < 2.5)
    for frequency in list(notes.values())[:5]:
        sound[within] += 0.2 * np.sin(2 * np.pi * frequency * time[within])
    sound[int(0.6 * rate)] += 5.0
    level = decibels(CQT()(torch.from_numpy(sound).float()).abs().numpy())
    right.imshow(
        level[::3].T,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, 7),
        cmap="magma",
        vmin=-50,
        vmax=float(level.max()),
        interpolation="nearest",
    )
    right.set_yticks(range(7))
    right.set_yticklabels([f"C{k}" for k in range(1, 8)])
    dress(right, title="A click, then C1 to C5 for 1 s", x="time, s")
    figure.tight_layout()
    return figure


def receptive_fields(layers: list[tuple[int, int]]) -> list[int]:
    """Inputs that an output sees, after each layer of (kernel, stride)."""
    seen, apart, sizes = 1, 1, []
    for kernel, stride in layers:
        seen += (kernel - 1) * apart
        apart *= stride
        sizes.append(seen)
    return sizes


def crnn() -> Figure:
    """What a step of the recurrence sees of a recording, and what multiplying frames does."""
    import soundfile

    from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor

    samples, _ = soundfile.read(HERE.parents[1] / "data/sample/voice_001.flac", dtype="float32")
    level = FeatureExtractor(CQTFeatures())(samples)
    frames = receptive_fields([(3, 1), (2, 2), (3, 1), (1, 1), (3, 1), (2, 2)])[1::2]
    bins = receptive_fields([(5, 1), (3, 3), (5, 1), (2, 2), (3, 1), (2, 2)])[1::2]

    figure = new_figure(WIDTH, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    first, last, low, high = 90, 190, 90, 200
    left.imshow(
        level[first:last, low:high].T,
        origin="lower",
        aspect="auto",
        extent=(first, last, low, high),
        cmap="magma",
        interpolation="nearest",
    )
    from matplotlib.patches import Rectangle

    centre, middle = 140.0, 146.0
    for k, line in enumerate((":", "--", "-")):
        corner = (centre - frames[k] / 2, middle - bins[k] / 2)
        size = (frames[k], bins[k])
        left.add_patch(Rectangle(corner, *size, fill=False, ec="black", lw=3))
        left.add_patch(Rectangle(corner, *size, fill=False, ec="white", lw=1.4, ls=line))
        left.text(
            centre + 9,
            middle + (-19, -8, 16)[k],
            f"block {k + 1}: {frames[k]} frames × {bins[k]} bins",
            fontsize=TICK,
            color="white",
            va="center",
            bbox={"fc": "black", "ec": "none", "alpha": 0.7, "pad": 1.5},
        )
    left.set_yticks([108, 144, 180])
    left.set_yticklabels(["C4", "C5", "C6"])
    dress(left, title="What one step sees", x="frame, 6 ms each")

    stated = np.linspace(0.001, 0.999, 400)
    logit = np.log(stated / (1 - stated))
    n = 20
    lag = np.arange(1, n)
    for correlation, colour in ((0.0, BLACK), (0.5, ORANGE), (0.9, VERMILLION)):
        spread = n + 2 * ((n - lag) * correlation**lag).sum()
        right.plot(
            stated,
            1 / (1 + np.exp(-n / spread * logit)),
            color=colour,
            lw=1.4,
            ls="--" if correlation == 0 else "-",
            label=f"correlation {correlation:g}",
        )
    right.set_xlim(0.5, 1)
    right.set_ylim(0.5, 1)
    dress(
        right, title="Twenty frames multiplied", x="predicted probability", y="accuracy", grid=True
    )
    legend(right, "upper left")
    figure.tight_layout()
    return figure


def bayesian_neural_networks() -> Figure:
    """A posterior over two weights, what its draws say of the class, and how doubt parts."""
    generator = np.random.default_rng(4)
    x = np.array([0.2, 0.5, 0.9, 1.1, 1.3, 1.6, 1.9, 2.1, 2.5, 2.9])
    y = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1, 1])

    def log_joint(slope: Array, bias: Array) -> Array:
        score = slope[..., None] * x + bias[..., None]
        likelihood = (y * score - np.logaddexp(0, score)).sum(-1)
        return np.asarray(likelihood - (slope**2 + bias**2) / (2 * 3.0**2))

    slopes, biases = np.linspace(-3, 9, 301), np.linspace(-14, 5, 301)
    grid = np.meshgrid(slopes, biases, indexing="ij")
    density = np.exp(log_joint(*grid) - log_joint(*grid).max())
    density /= density.sum()
    top = np.unravel_index(density.argmax(), density.shape)
    mode = np.array([slopes[top[0]], biases[top[1]]])
    rows = np.stack([x, np.ones_like(x)], 1)
    p = 1 / (1 + np.exp(-rows @ mode))
    precision = rows.T @ (rows * (p * (1 - p))[:, None]) + np.eye(2) / 9
    picked = generator.choice(density.size, size=400, p=density.ravel())
    draws = np.stack([g.ravel()[picked] for g in grid], 1)

    figure = new_figure(WIDTH, 2.6)
    left, middle, right = figure.subplots(1, 3)
    heights = np.sort(density.ravel())[::-1]
    mass = heights.cumsum()
    levels = [float(heights[np.searchsorted(mass, share)]) for share in (0.95, 0.5)]
    left.contourf(slopes, biases, density.T, levels=[*levels, 1], colors=[SKY, BLUE], alpha=0.5)
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.sqrt(2 * np.log(20)) * np.stack([np.cos(turn), np.sin(turn)])
    for covariance, colour, name in (
        (np.linalg.inv(precision), VERMILLION, "Laplace"),
        (np.diag(1 / np.diag(precision)), ORANGE, "factorised"),
    ):
        ellipse = mode[:, None] + np.linalg.cholesky(covariance) @ circle
        left.plot(*ellipse, color=colour, lw=1.3, label=name)
    left.plot(*mode, marker="+", color=BLACK, ms=6, ls="", label="mode")
    left.set_xlim(-1, 7)
    left.set_ylim(-8, 4)
    dress(left, title="Posterior of two weights", x="slope", y="bias")
    legend(left, "upper right")

    line = np.linspace(-3, 6, 300)
    laws = 1 / (1 + np.exp(-(draws[:, :1] * line + draws[:, 1:])))
    middle.plot(line, laws[:25].T, color=SILENCE, lw=0.4)
    middle.plot(line, laws.mean(0), color=BLUE, lw=1.6, label="mean of draws")
    plug_in = 1 / (1 + np.exp(-(mode[0] * line + mode[1])))
    middle.plot(line, plug_in, color=VERMILLION, lw=1.3, ls="--", label="at the mode")
    middle.plot(x, y, color=BLACK, marker="o", ms=3, ls="")
    middle.set_ylim(-0.05, 1.35)
    middle.set_yticks([0, 0.5, 1])
    dress(middle, title="Probability of class 1", x="feature")
    legend(middle, "upper left")

    def entropy(q: Array) -> Array:
        q = np.clip(q, 1e-12, 1 - 1e-12)
        return np.asarray(-q * np.log(q) - (1 - q) * np.log1p(-q))

    whole, data = entropy(laws.mean(0)), entropy(laws).mean(0)
    right.fill_between(line, 0, data, color=ORANGE, alpha=0.7, lw=0, label="in the data")
    right.fill_between(line, data, whole, color=BLUE, alpha=0.7, lw=0, label="in the model")
    right.set_ylim(0, 0.95)
    right.set_xlim(-3, 6)
    dress(right, title="Entropy", x="feature", y="nats")
    legend(right, "upper left")
    figure.tight_layout()
    return figure


def shared_trunk(weight: float, ratio: float = 8.0) -> tuple[float, float]:
    """Where training ends with a trunk that two stages share; see two_stages.md.

    Returns the NLL of the first and of the second stage, of which the second counts
    ``weight``, each relative to that of a stage that hears nothing.
    """
    share = np.clip((1 + ratio - weight) / (ratio * (1 + weight)), 0, 1)  # of the first stage
    first, second = -np.log1p(ratio * share) / 2, -np.log1p(ratio * (1 - share)) / 2
    return float(first), float(second)


def two_stages() -> Figure:
    """A distribution and its stages, calibration of these and of the whole, what weights trade."""
    generator = np.random.default_rng(0)
    figure = new_figure(WIDTH, 2.7)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.05, 1, 1.05])

    law = np.array([0.2, 0.1, 0.6, 0.1])
    silence, *pitches = class_colours(4)
    names = ("silence", "C4", "E4", "G4")
    columns = (
        (0, law, (silence, *pitches), names),
        (1, [law[0], 1 - law[0]], (silence, SKY), ("silence", "sound")),
        (2, law[1:] / (1 - law[0]), pitches, names[1:]),
    )
    for place, shares, colours, texts in columns:
        bottom = 0.0
        for share, colour, text in zip(shares, colours, texts, strict=True):
            left.bar(place, share, 0.9, bottom=bottom, color=colour, ec="white", lw=0.8)
            left.text(
                place,
                bottom + share / 2,
                f"{text}{chr(10) if share > 0.15 else ' '}{share:.3g}",
                fontsize=TICK - 1,
                ha="center",
                va="center",
                color=BLACK if colour == SKY else "white",
            )
            bottom += share
    left.set_xticks([0, 1, 2])
    left.set_yticks([0, 0.5, 1])
    dress(left, title="One distribution, two stages")
    left.set_xticklabels(["composed", "stage 1", "stage 2:\nif sounding"])

    frames = 400_000
    true_sound = generator.beta(1.2, 0.8, frames)
    pitch = generator.dirichlet([0.5] * 3, frames)
    sounds = generator.random(frames) < true_sound
    which = (generator.random((frames, 1)) > pitch.cumsum(1)).sum(1).clip(max=2)
    odds = np.log(true_sound) - np.log1p(-true_sound)
    stated = 1 / (1 + np.exp(-2 * odds))  # twice too sure
    composed = np.column_stack([1 - stated, stated[:, None] * pitch])
    label = np.where(sounds, which + 1, 0)
    edges = np.linspace(0, 1, 21)

    def curve(p: Array, happened: NDArray[np.bool_], colour: str, name: str) -> None:
        where = np.digitize(p, edges[1:-1])
        n = np.bincount(where, minlength=20)
        kept = n > 200
        sums = [np.bincount(where, weights=v, minlength=20)[kept] / n[kept] for v in (p, happened)]
        middle.plot(*sums, color=colour, lw=1.2, marker="o", ms=2.2, label=name)

    middle.plot([0, 1], [0, 1], color=SILENCE, lw=0.8, ls="--")
    curve(stated, sounds, VERMILLION, "sound")
    curve(pitch[sounds, 0], which[sounds] == 0, GREEN, "C4, if sounding")
    curve(composed[:, 1], label == 1, BLUE, "C4, composed")
    dress(middle, title="Stage 1 too sure", x="predicted", y="observed", grid=True)
    legend(middle, "upper left")

    curve_of = np.array([shared_trunk(float(w)) for w in np.geomspace(1 / 9, 9, 200)])
    right.plot(*curve_of.T, color=BLUE, lw=1.4)
    for weight, name in ((0.25, "1/4"), (0.5, "1/2"), (1.0, "1"), (2.0, "2"), (4.0, "4")):
        at = shared_trunk(weight)
        right.plot(*at, color=BLUE, marker="o", ms=4, ls="")
        right.text(at[0] + 0.03, at[1] + 0.02, name, fontsize=TICK, color=BLUE)
    best = curve_of.min()
    right.plot(best, best, color=VERMILLION, marker="*", ms=8, ls="")
    right.text(best + 0.05, best, "a trunk each", fontsize=TICK, color=VERMILLION, va="center")
    right.set_xlim(-1.18, 0.06)
    right.set_ylim(-1.18, 0.06)
    names = {"x": "NLL of silence, gained", "y": "NLL of pitch, gained"}
    dress(right, title="Weights and a shared trunk", **names, grid=True)
    figure.tight_layout()
    return figure


FIGURES = (
    mel_scale,
    cepstral_coefficients,
    knn,
    linear_prediction,
    cqt,
    crnn,
    bayesian_neural_networks,
    two_stages,
)


def main() -> None:
    """Draw all figures beside their pages, in 256 colours: they travel with the repository."""
    from PIL import Image

    for draw in FIGURES:
        path = HERE / f"{draw.__name__}.png"
        save(draw(), path, dpi=round(PIXELS / WIDTH))
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


if __name__ == "__main__":
    main()
