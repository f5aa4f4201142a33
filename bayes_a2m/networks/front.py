"""Settings that networks with blocks of convolutions at the front have in common."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from bayes_a2m.config.settings import Settings
from bayes_a2m.networks.blocks import check_blocks
from bayes_a2m.networks.heads import HeadSettings
from bayes_a2m.networks.onsets import OnsetOptions, parse_onsets


class FrontOptions(Settings):
    """Sizes of the blocks, and what the head reads; every block has channels, kernel, pooling."""

    head: HeadSettings = Field(
        "one_stage", description="a head's name, or a mapping of its name and settings"
    )
    channels: tuple[int, ...] = Field((12, 32, 48), description="of the blocks")
    kernels: tuple[tuple[int, ...], ...] = Field(
        ((3, 5), (3, 5), (3, 3)), description="of the blocks, (time, frequency) each"
    )
    pools: tuple[tuple[int, ...], ...] = Field(
        ((2, 3), (1, 2), (2, 2)), description="of the blocks, (time, frequency) each"
    )
    features: int = Field(48, ge=1, description="trunk features of each frame; the head reads them")
    onsets: Annotated[OnsetOptions | None, BeforeValidator(parse_onsets)] = Field(
        None, description="output of onsets: true, or a mapping of its settings"
    )

    @model_validator(mode="after")
    def _blocks_agree(self) -> Self:
        check_blocks("network", self.channels, self.kernels, self.pools)
        return self
