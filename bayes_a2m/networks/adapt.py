"""Adapters that make a network of any torch module, which need not know this package.

>>> import torch
>>> from torch import nn
>>> Mine = adapt(lambda bins, outputs, hidden=8: nn.Sequential(
...     nn.Linear(bins, hidden), nn.ReLU(), nn.Linear(hidden, outputs)), name="mine")
>>> Mine(bins=84, classes=4)(torch.zeros(1, 10, 84)).shape
torch.Size([1, 10, 4])
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.heads import HeadSettings, make_head
from bayes_a2m.networks.network import Layer, Network

Factory = Callable[..., nn.Module]
"""Called as ``factory(bins, outputs, **module)``, gives ``(batch, frame, bin)`` to
``(batch, frame, output)``."""


class Adapted(Network):
    """A network around a module of any kind, one layer long; :func:`adapt` makes its subclasses.

    Without trunk features the module gives one score a class, and the head is their softmax;
    with them it gives features, which a head reads.
    """

    factory: ClassVar[Factory]

    class Options(Settings):
        """Arguments of the module, and the head that reads it."""

        module: dict[str, Any] = Field({}, description="further arguments of the module")
        features: int | None = Field(
            None, ge=1, description="trunk features it gives; none: it gives a score a class"
        )
        head: HeadSettings | None = Field(None, description="what reads its features")

    def __init__(self, bins: int = 252, classes: int = 4, **settings: Any) -> None:
        super().__init__(bins, classes, settings)
        options: Adapted.Options = self.options
        if options.head is not None and options.features is None:
            raise InputError("network.head: say how many features the module gives it to read")
        self.features = options.features or classes
        try:
            self.module = type(self).factory(bins, self.features, **options.module)
        except TypeError as error:
            raise InputError(f"network.module: {self.name} cannot be made: {error}") from error
        plain = "scores" if options.features is None else "one_stage"
        self.head = make_head(options.head or plain, self.features, classes)

    def trunk_layers(self) -> tuple[Layer, ...]:
        """Return the module, as one layer."""
        return (Layer(("module",), self._run),)

    @property
    def local_layers(self) -> int:
        """Number of local layers: zero, since how far the module looks is not known."""
        return 0

    def _run(self, x: Tensor, lengths: Tensor, frames: int) -> Tensor:
        """Give the module recordings of one length at a time: it knows of no padding."""
        answers = x.new_zeros(x.shape[0], frames, self.features)
        for length in lengths.unique().tolist():
            alike = lengths == length
            answer = self.module(x[alike, :length])
            if answer.shape[1:] != (length, self.features):
                raise InputError(
                    f"{self.name}: gives {tuple(answer.shape[1:])} for {length} frames, not "
                    f"({length}, {self.features}); a network answers every frame"
                )
            answers = answers.index_put(
                (alike.nonzero()[:, 0],), nn.functional.pad(answer, (0, 0, 0, frames - length))
            )
        return answers


def adapt(
    module: nn.Module | Factory,
    *,
    name: str | None = None,
    features: int | None = None,
    head: HeadSettings | None = None,
) -> Any:
    """Make a network of any torch module from ``(batch, frame, bin)``.

    Parameters
    ----------
    module
        A module, or its class or another function that makes one: called as
        ``module(bins, outputs, **arguments)``, where the arguments are the network's setting
        ``module``. Of a module that is given itself, copies are trained, with weights that are
        drawn again; it cannot have other bins or classes than it has.
    name
        What experiment files and model directories call it; the module's own, in lower case, where
        it is left out.
    features
        How many features a frame has that the module gives, for a head to read. Left out, it gives
        one score a class ``(batch, frame, class)``.
    head
        Which head reads the features; ``one_stage`` unless told.

    Returns
    -------
    type[Network] or Network
        A class of networks of a class of modules, which ``bayes_a2m.register`` makes known to
        experiment files; a network of a module.

    Raises
    ------
    InputError
        If a module's weights cannot be drawn again: a submodule has parameters and no
        ``reset_parameters``.
    """
    made = isinstance(module, nn.Module)
    known_as = name or (type(module).__name__ if made else getattr(module, "__name__", "")).lower()
    if not known_as.isidentifier():
        raise InputError("adapt: give the network a name")
    factory: Factory = partial(_drawn_again, module) if isinstance(module, nn.Module) else module
    defaults = {"features": (int | None, features), "head": (HeadSettings | None, head)}
    namespace = {
        "__annotations__": {key: kind for key, (kind, _) in defaults.items()},
        "__module__": __name__,
        **{key: default for key, (_, default) in defaults.items()},
    }
    options = type("Options", (Adapted.Options,), namespace)
    kind = type(
        getattr(module, "__name__", known_as.title()),
        (Adapted,),
        {
            "name": known_as,
            "factory": staticmethod(factory),
            "Options": options,
            "__doc__": f"The module {known_as} as a network.",
            "__module__": getattr(module, "__module__", __name__),
        },
    )
    return kind if not made else kind()


def _drawn_again(module: nn.Module, bins: int, outputs: int) -> nn.Module:
    """A copy of a module with fresh weights, from torch's generator."""
    fresh = copy.deepcopy(module)
    for part in fresh.modules():
        own = list(part.parameters(recurse=False))
        redraw = getattr(part, "reset_parameters", None)
        if callable(redraw):
            redraw()
        elif own:
            raise InputError(
                f"adapt: weights of {type(part).__name__} cannot be drawn again, for it has no "
                "reset_parameters(); give the class instead of a module"
            )
    return fresh
