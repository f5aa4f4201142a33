import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.networks.pooling import max_pool
from tests.networks.contract import randn


@settings(deadline=None)
@given(frames=st.integers(4, 30), bins=st.integers(4, 30), pool=st.tuples(*[st.integers(1, 4)] * 2))
def test_it_is_torchs_to_the_bit(frames: int, bins: int, pool: tuple[int, int]) -> None:
    x = randn(2, 3, frames, bins)
    assert torch.equal(max_pool(x, pool), torch.nn.functional.max_pool2d(x, pool))


@pytest.mark.parametrize("pool", [(2, 3), (1, 2), (1, 1)])
def test_the_gradient_goes_to_the_largest(pool: tuple[int, int]) -> None:
    x = randn(1, 2, 8, 9).requires_grad_()
    max_pool(x, pool).sum().backward()
    assert x.grad is not None
    assert int(x.grad.sum()) == 2 * (8 // pool[0]) * (9 // pool[1])
