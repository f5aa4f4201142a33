"""Quick lengths of Fourier transforms."""

from __future__ import annotations

from scipy.fft import next_fast_len

from bayes_a2m.audio.fft_length import fast_length


def test_lengths_are_those_of_scipy() -> None:
    lengths = [*range(1, 3000), *range(10_000, 10_200), 123_457, 999_999]
    assert [fast_length(n) for n in lengths] == [next_fast_len(n, real=True) for n in lengths]
