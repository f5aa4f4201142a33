"""The posterior that an experiment describes, and the check that there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_a2m import registry
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.networks.network import make_network

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior


def make_posterior(experiment: Experiment) -> Posterior:
    """Make the posterior that an experiment describes, not fitted yet.

    Raises
    ------
    InputError
        If there is no such posterior, or its settings are not right.
    """
    return posterior_class(experiment.posterior.name).of_experiment(experiment)


def posterior_class(name: str) -> type[Posterior]:
    """Find the class of an uncertainty method; only its own dependencies are imported.

    Raises
    ------
    InputError
        If there is no such posterior.
    """
    kind: type[Posterior] = registry.get("posteriors", name, key="posterior.name")
    return kind


def check(experiment: Experiment) -> None:
    """Refuse an experiment that :func:`make_posterior` would refuse, before there is any work.

    Whether the packages that a method needs are installed is not checked.

    Raises
    ------
    InputError
        If there is no such posterior or network, or its settings are not right.
    """
    posterior_class(experiment.posterior.name).checked(experiment.posterior.settings)
    network = experiment.architecture
    make_network(network.name, network.settings, bins=experiment.features.bins)
