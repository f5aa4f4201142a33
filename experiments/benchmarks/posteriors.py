"""What draws cost: every method against one pass of the same network, in one run.

    python experiments/benchmarks/posteriors.py
    python experiments/benchmarks/posteriors.py --draws 10 --rounds 15

One thread, one window of 4 s, features made. The reference network (experiment crnn) has fresh
weights and every posterior made-up draws, for cost does not depend on their values. In every
round all take turns, a pass of the point network before each; what counts is the median over
rounds of the ratio to the median pass of the same round. For whole-network methods the last column
divides by the number of networks that were run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor

from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.networks.dropout import DropoutRates
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.hmc import HMC
from bayes_a2m.posteriors.laplace import Gaussian, Laplace
from bayes_a2m.posteriors.last_layer import flat
from bayes_a2m.posteriors.mc_dropout import MCDropout
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.sgmcmc import SGMCMC

FRAMES, BINS, CLASSES = 666, 252, 4


def fresh(seed: int = 0, **rates: float) -> Network:
    """The reference network, dropping where told."""
    dropout = DropoutRates.model_validate(rates) if rates else None
    return CRNN(dropout=dropout).fresh(bins=BINS, classes=CLASSES, seed=seed).eval()


def methods(draws: int) -> dict[str, tuple[NetworkPosterior, int]]:
    """Posteriors ready to draw, and the number of whole networks each runs."""
    laplace = Laplace(fresh())
    mean = flat(dict(laplace.network.head.named_parameters()))
    laplace.gaussian = Gaussian(mean, 0.01 * torch.eye(len(mean), dtype=torch.float64), 1.0, 0.0)
    hmc = HMC(fresh())
    hmc.samples = mean.float().expand(2, draws // 2, -1)
    sampler = SGMCMC(fresh())
    named = sampler.network.named_parameters()
    sampler.samples = {k: v.detach().expand(2, draws // 2, *v.shape) for k, v in named}
    ensemble = DeepEnsemble(CRNN(), members=draws)
    ensemble.members = [Point(fresh(seed)) for seed in range(draws)]
    recurrent = fresh(inputs=0.2, recurrent=0.2, head=0.2)
    everywhere = fresh(convolutions=0.1, inputs=0.2, recurrent=0.2, head=0.2)
    return {
        "laplace (last layer)": (laplace, 0),
        "hmc (last layer)": (hmc, 0),
        "mc_dropout, head": (MCDropout(fresh(head=0.2)), 0),
        "mc_dropout, from the recurrence": (MCDropout(recurrent), 0),
        "mc_dropout, convolutions too": (MCDropout(everywhere), draws),
        "sgmcmc (whole network)": (sampler, draws),
        "ensemble": (ensemble, draws),
    }


def clocked(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Run all in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    features = torch.from_numpy(
        np.random.default_rng(0).standard_normal((1, FRAMES, BINS)).astype(np.float32)
    )
    point = Point(fresh())
    ready = methods(options.draws)

    def answer(posterior: NetworkPosterior) -> Tensor:
        with torch.inference_mode():
            return posterior.log_probs(features, options.draws)

    for posterior, _ in ready.values():
        assert answer(posterior).shape[:2].numel() == options.draws
    seconds: dict[str, list[float]] = {name: [] for name in ("one pass", *ready)}
    for _ in range(options.rounds):
        passes = []
        for name, (posterior, _) in ready.items():
            # between the methods: a pass right after itself finds its weights in the cache
            passes.append(clocked(lambda: answer(point)))
            seconds[name].append(clocked(lambda p=posterior: answer(p)))
        seconds["one pass"].append(median(passes))
    base = seconds["one pass"]
    print(f"one pass: {1000 * median(base):.1f} ms; {options.draws} draws:")
    print(f"{'method':34s} {'ms':>8s} {'passes':>7s} {'passes a network':>17s}")
    for name, (_, networks) in ready.items():
        ratio = median(s / b for s, b in zip(seconds[name], base, strict=True))
        each = f"{ratio / networks:17.2f}" if networks else ""
        print(f"{name:34s} {1000 * median(seconds[name]):8.1f} {ratio:7.2f} {each}")


if __name__ == "__main__":
    main()
