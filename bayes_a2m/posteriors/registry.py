"""Ways of being uncertain by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError, suggest

if TYPE_CHECKING:
    from bayes_a2m.posteriors.posterior import Posterior

BASELINES = ("knn", "lpc", "pyin", "swift_f0", "basic_pitch", "crepe")
"""Those without a network."""

METHODS = (
    "point",
    "mc_dropout",
    "ensemble",
    "variational",
    "laplace",
    "sgmcmc",
    "hmc",
    *BASELINES,
)
"""What experiment files may name."""


def posterior_class(name: str) -> type[Posterior]:
    """The class of a method; only that one's dependencies are imported.

    Raises
    ------
    InputError
        If there is no such method.
    """
    match name:
        case "point":
            from bayes_a2m.posteriors.point import Point

            return Point
        case "mc_dropout":
            from bayes_a2m.posteriors.mc_dropout import MCDropout

            return MCDropout
        case "ensemble":
            from bayes_a2m.posteriors.ensemble import DeepEnsemble

            return DeepEnsemble
        case "variational":
            from bayes_a2m.posteriors.variational import Variational

            return Variational
        case "laplace":
            from bayes_a2m.posteriors.laplace import Laplace

            return Laplace
        case "sgmcmc":
            from bayes_a2m.posteriors.sgmcmc import SGMCMC

            return SGMCMC
        case "hmc":
            from bayes_a2m.posteriors.hmc import HMC

            return HMC
        case "knn":
            from bayes_a2m.baselines.knn import KNN

            return KNN
        case "lpc":
            from bayes_a2m.baselines.lpc import LPC

            return LPC
        case "pyin":
            from bayes_a2m.baselines.pyin import PYIN

            return PYIN
        case "swift_f0":
            from bayes_a2m.baselines.swift_f0 import SwiftF0

            return SwiftF0
        case "basic_pitch":
            from bayes_a2m.baselines.basic_pitch import BasicPitch

            return BasicPitch
        case "crepe":
            from bayes_a2m.baselines.crepe import CREPE

            return CREPE
        case _:
            raise InputError(
                f"posterior.name: unknown posterior {name!r}{suggest(name, METHODS)}; "
                f"known: {', '.join(METHODS)}"
            )
