"""How synthetic voices look beside real ones: mean spectra of sounding frames, by condition.

    python experiments/benchmarks/spectra.py DATA SYNTHETIC --split train --out spectra.png

Each recording's mean power spectrum over frames well inside notes, in decibels against its own
total, then the median and the middle 80 % over recordings. Below, the same for frames well inside
silence (against the voice of the same recording).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.signal import stft

import bayes_a2m as a2m
from bayes_a2m.datasets import Dataset
from bayes_a2m.music import FrameGrid
from bayes_a2m.reporting import style

RATE, HOP, SIZE, INSIDE = 16000, 96, 1024, 15


def spectra(data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of sounding and of silent frames, dB against the voice, each (recording, bin)."""
    sounding, silent = [], []
    for recording, labels in zip(data, data.labels_on(FrameGrid(RATE, HOP)), strict=True):
        _, _, spectrum = stft(recording.audio(RATE), nperseg=SIZE, noverlap=SIZE - HOP)
        power = np.abs(spectrum[:, : len(labels)]) ** 2
        sounds = binary_erosion(labels > 0, iterations=INSIDE)
        rests = binary_erosion(labels == 0, iterations=INSIDE)
        if not sounds.any():
            continue
        voice = power[:, sounds].mean(axis=1)
        sounding.append(10 * np.log10(voice / voice.sum() + 1e-12))
        if rests.any():
            silent.append(10 * np.log10(power[:, rests].mean(axis=1) / voice.sum() + 1e-12))
    return np.array(sounding), np.array(silent)


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("synthetic", type=Path)
    parser.add_argument("--split", default="train", help="of the real recordings")
    parser.add_argument("--out", type=Path, default=Path("spectra.png"))
    arguments = parser.parse_args()
    sets = (
        ("real", style.ORANGE, a2m.load_folder(arguments.real).split(arguments.split)),
        ("synthetic", style.BLUE, a2m.load_folder(arguments.synthetic)),
    )
    conditions = sorted({r.condition for r in sets[0][2]})
    figure = style.new_figure(style.WIDTH, 4.2)
    axes = figure.subplots(2, len(conditions), sharex=True, sharey="row", squeeze=False)
    frequencies = np.arange(SIZE // 2 + 1) * RATE / SIZE
    for column, condition in enumerate(conditions):
        for name, colour, data in sets:
            found = spectra(data.pick(r.id for r in data if r.condition == condition))
            for row, values in enumerate(found):
                low, middle, high = np.percentile(values, [10, 50, 90], axis=0)
                axes[row][column].plot(frequencies, middle, color=colour, label=name)
                axes[row][column].fill_between(
                    frequencies, low, high, color=colour, alpha=0.2, linewidth=0
                )
        axes[0][column].set_title(condition, fontsize=style.TICK + 1)
        for row, words in enumerate(("voice", "silence")):
            style.dress(
                axes[row][column],
                x="frequency (Hz)" if row else "",
                y=f"{words} (dB)" if not column else "",
                grid=True,
            )
            axes[row][column].set_xscale("log")
            axes[row][column].set_xlim(60, 8000)
    axes[0][0].legend(fontsize=style.TICK, frameon=False)
    figure.tight_layout(pad=0.6)
    style.save(figure, arguments.out)


if __name__ == "__main__":
    main()
