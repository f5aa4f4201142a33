"""A thousand resamples of all scores: from counts per recording, and from the frames themselves.

    python experiments/benchmarks/resamples.py [--recordings 255] [--frames 666]

Simulated recordings; the frames' way is timed on a few resamples and multiplied.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from bayes_a2m import calibration
from bayes_a2m.metrics.sufficient_statistics import FrameStatistics
from bayes_a2m.resampling.bootstrap import resample_weights

FEW = 3
SCORES = (
    calibration.accuracy,
    calibration.macro_f1,
    calibration.nll,
    calibration.brier,
    calibration.ece,
    calibration.adaptive_ece,
    calibration.classwise_ece,
    calibration.smooth_ece,
    calibration.aurc,
    calibration.error_auroc,
    calibration.mce,
    calibration.top_label_ece,
    calibration.ks_error,
    calibration.kuiper_error,
    calibration.excess_aurc,
    calibration.error_fpr95,
    calibration.brier_parts,
    calibration.classwise_ks,
    calibration.classwise_kuiper,
)


def main() -> None:
    """Time both, print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=255)
    parser.add_argument("--frames", type=int, default=666)
    given = parser.parse_args()
    generator = np.random.default_rng(0)
    laws = [generator.dirichlet([0.3] * 4, size=given.frames) for _ in range(given.recordings)]
    labels = [(generator.random((len(p), 1)) > p.cumsum(1)).sum(1).clip(max=3) for p in laws]
    start = time.perf_counter()
    parts = [FrameStatistics.of(p, y) for p, y in zip(laws, labels, strict=True)]
    counts = FrameStatistics.stack(parts)
    counting = time.perf_counter() - start
    weights = resample_weights(given.recordings, 1000, generator)
    ways = (
        counts.metrics_of,
        counts.more_metrics_of,
        counts.per_class_of,
        counts.more_per_class_of,
    )
    for way in ways:
        way(weights[:2])  # imports are not what is timed
    start = time.perf_counter()
    for way in ways:
        way(weights)
    resampling = time.perf_counter() - start
    start = time.perf_counter()
    for row in weights[:FEW]:
        drawn = np.repeat(np.arange(given.recordings), row)
        p, y = np.concatenate([laws[i] for i in drawn]), np.concatenate([labels[i] for i in drawn])
        for score in SCORES:
            score(p, y)
    naive = (time.perf_counter() - start) / FEW * 1000
    print(f"counting {given.recordings} recordings: {counting:.2f} s")
    print(f"1,000 resamples of all scores from counts: {resampling:.2f} s")
    print(f"from frames: {naive:.0f} s, {naive / (counting + resampling):.0f} times as long")


if __name__ == "__main__":
    main()
