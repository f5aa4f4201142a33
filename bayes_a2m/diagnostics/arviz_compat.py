"""ArviZ, asked of many quantities at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def of_each(name: str, values: Floats, **settings: Any) -> Floats:
    """ArviZ's diagnosis of every quantity of ``(chain, draw, quantity)``."""
    import arviz

    library: Any = arviz  # some of its functions carry no types
    data = library.convert_to_dataset({"x": values})
    found: Floats = np.asarray(getattr(library, name)(data, **settings)["x"], dtype=np.float64)
    return found
