"""``bayes-a2m networks``: size, work and reach of every network, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bayes_a2m.cli.options import Json, Quiet
from bayes_a2m.cli.output import Output

if TYPE_CHECKING:
    from bayes_a2m.config.experiment import Experiment
    from bayes_a2m.networks.measures import Measures


REFERENCE = "crnn"
"""The network that times are compared with."""


def networks(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EXPERIMENT]...",
            help="Experiments whose networks are measured, or names of networks.",
            show_default="all networks there are",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="a.b=c", help="Override a setting of all experiments."),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Passes of each whose median time counts.")
    ] = 7,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Length of the recording they are timed on.")
    ] = 4.0,
    json_file: Json = None,
    quiet: Quiet = False,
) -> None:
    """Print parameters, multiply-adds, receptive field and time of networks.

    Everything is measured here and now. Times are ratios to the CRNN's in the
    same run, with one processor thread unless --threads says otherwise:
    seconds of one machine say little of another.

    Examples:

        bayes-a2m networks

        bayes-a2m networks crnn tcn --set network.features=32

        bayes-a2m networks mine.yaml
    """
    import os
    from dataclasses import asdict

    import torch

    from bayes_a2m.networks.measures import measures_of
    from bayes_a2m.networks.network import make_network

    console = Output(quiet, json_file)

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    chosen = _experiments(names or [], settings or [])
    grid = next(iter(chosen.values())).features.grid
    made = {
        name: make_network(
            experiment.architecture.name,
            experiment.architecture.settings,
            bins=experiment.features.bins,
            classes=4,
        )
        for name, experiment in chosen.items()
    }
    rate = grid.sample_rate / grid.hop
    found = measures_of(
        made,
        compared_with=REFERENCE,
        frames=round(seconds * rate),
        frames_per_second=rate,
        repeats=repeats,
    )
    heads = [
        "network",
        "parameters",
        "multiply-adds per s",
        "receptive field, s",
        "before / after, frames",
        "prediction / crnn",
        "training / crnn",
    ]
    rows = [_row(name, measures, rate) for name, measures in found.items()]
    console.write({"networks": {name: asdict(measures) for name, measures in found.items()}})
    console.table(f"Networks on {seconds:g} s, {rate:.1f} frames a second", heads, rows)


def _experiments(names: list[str], settings: list[str]) -> dict[str, Experiment]:
    """The experiments that are meant, the reference first."""
    from bayes_a2m import registry
    from bayes_a2m.config.experiment import Experiment, Named, load_experiment, shipped
    from bayes_a2m.errors import InputError

    everyone = names or registry.names("networks")
    found: dict[str, Experiment] = {}
    for name in dict.fromkeys([REFERENCE, *everyone]):
        if name in shipped() or not registry.is_known("networks", name):
            experiment = load_experiment(name, settings)
        else:
            experiment = Experiment(network=Named(name=name))
        if experiment.network is None and names and name in names:
            raise InputError(f"{name}: has no network to measure")
        found[name] = experiment
    return found


def _row(name: str, measures: Measures, rate: float) -> list[str]:
    reach = measures.reach

    def shown(count: int | None) -> str:
        return "all" if count is None else str(count)

    return [
        name,
        f"{measures.parameters:,}",
        f"{measures.multiply_adds / 1e6:.0f} M",
        "all" if reach.frames is None else f"{reach.frames / rate:.2f}",
        f"{shown(reach.before)} / {shown(reach.after)}",
        f"{measures.prediction:.2f}",
        f"{measures.training:.2f}",
    ]
