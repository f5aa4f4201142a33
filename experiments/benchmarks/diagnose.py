"""Do posteriors of trained models stand up? Chains, tails, importance ratios, collapse.

    python experiments/benchmarks/diagnose.py MODEL... --data DATA --out reports/methods

Of every MODEL with several draws, on the split named: R-hat and effective sample size of frames'
probabilities (several chains), k-hat of leaving out a recording and the expected log score (HMC
and Laplace, whose parameters are few), k-hat of Laplace's importance ratios (on the recordings it
was fitted to), the share of doubt that is doubt in the model, and posterior predictive checks.
Written to ``diagnosis.md``. Where both are given, how far Laplace is from HMC.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from bayes_a2m import diagnostics
from bayes_a2m.datasets import load_folder
from bayes_a2m.files import write_text
from bayes_a2m.models import load_model
from bayes_a2m.posteriors.hmc import HMC
from bayes_a2m.posteriors.laplace import Laplace
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.prediction.posterior import FramePosterior

FRAMES = 40


def agreement(one: FramePosterior, other: FramePosterior) -> str:
    """How far two methods' answers lie apart."""
    inside = one.inside()
    mean = np.abs(one.mean() - other.mean())[inside].mean()
    ours, theirs = (p.mutual_information()[inside] for p in (one, other))
    correlation = np.corrcoef(ours, theirs)[0, 1]
    return (
        f"Laplace and HMC: probabilities differ by {mean:.4f} on average; mutual information "
        f"{ours.mean():.4f} and {theirs.mean():.4f} nats per frame, "
        f"correlation {correlation:.3f}.\n"
    )


def main() -> None:
    """Diagnose, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--recordings", type=int, default=9)
    options = parser.parse_args()
    whole = load_folder(options.data)
    data = whole.split(options.split)
    step = max(1, len(data) // options.recordings)
    some = replace(data, recordings=data.recordings[::step])
    found: dict[str, FramePosterior] = {}
    lines = []
    for path in options.models:
        model = load_model(path)
        name = path.name.partition("_")[2] or path.name
        last_layer = isinstance(model, HMC | Laplace)
        post = model.predict(some, options.draws if last_layer else 40)
        labels = some.labels_on(post.grid)
        found[name] = post
        chains, draws = post.log_probs.shape[:2]
        lines.append(f"## {name}: {chains} chains of {draws} draws\n")
        collapse = diagnostics.collapse_of(post)
        lines.append(
            f"- epistemic uncertainty: {collapse.information:.1%} of the entropy"
            + (f"; ALARM: {collapse.sentence}" if collapse.sentence else "")
        )
        if chains > 1 and draws >= 4:
            mixing = diagnostics.rhat_ess(diagnostics.function_values(post, FRAMES))
            lines.append(f"- {mixing.sentence}")
        fitted = whole.where(lambda r, m=model: r.id in m.seen.fit)
        if last_layer:
            # LOO takes a recording out of the posterior, so it has to be one that is in it
            inside = replace(fitted, recordings=fitted.recordings[:: len(fitted) // 30])
            log = diagnostics.recording_log_likelihood(
                model.predict(inside, options.draws),
                inside.labels_on(post.grid),
                tempering=model.options.tempering,
            )
            lines.append(f"- {diagnostics.leave_one_recording_out(log).sentence}")
        if isinstance(model, Laplace):
            training_data = TrainingData.of(
                fitted, some, model.experiment, model.frontend.normalizer
            )
            k = diagnostics.pareto_k(model.log_ratios(training_data, 500))
            lines.append(f"- k-hat of its importance ratios: {k:.2f}")
        if draws * chains >= 10:
            few = replace(post, log_probs=post.log_probs[:1, :40], onset_log_probs=None)
            for check in diagnostics.predictive_checks(few, labels, model.viterbi):
                lines.append(
                    f"- {check.name}: {check.observed:.3g} in the reference, {check.median:.3g} "
                    f"[{check.low:.3g}, {check.high:.3g}] over draws, tail {check.tail:.2g}"
                )
        lines.append("")
        print("\n".join(lines[-8:]), flush=True)
    if {"laplace", "hmc"} <= set(found):
        lines.append(agreement(found["laplace"], found["hmc"]))
        print(lines[-1])
    write_text(options.out / "diagnosis.md", "# Diagnosis\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
