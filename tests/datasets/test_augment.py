"""Augmentation moves features and labels together and leaves padding alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bayes_a2m.config.experiment import AugmentSettings
from bayes_a2m.datasets.augment import augment

FLOOR = -70.0
NOTHING = {"roll": False, "shift_bins": 0, "gain_db": 0, "noise_db": 0, "mask_bins": 0}
LENGTHS = torch.tensor([50, 31, 1])


def only(**settings: float) -> AugmentSettings:
    return AugmentSettings.model_validate(NOTHING | settings)


def batch() -> tuple[Tensor, Tensor]:
    """Features that name their label, frame and bin; padding that is not the floor."""
    labels = torch.randint(0, 4, (3, 50), generator=torch.Generator().manual_seed(0))
    frame, bin_ = torch.arange(50)[:, None], torch.arange(30)
    features = -60 + 10 * labels[:, :, None] + 0.1 * frame + 0.01 * bin_
    real = torch.arange(50) < LENGTHS[:, None]
    features = torch.where(real[:, :, None], features, torch.tensor(0.0))
    return features, torch.where(real, labels, 0)


def run(settings: AugmentSettings, seed: int = 0) -> tuple[Tensor, Tensor]:
    features, labels = batch()
    generator = torch.Generator().manual_seed(seed)
    return augment(features, labels, LENGTHS, settings, FLOOR, generator)


def each(values: Tensor) -> list[Tensor]:
    """Every item without its padding."""
    return [values[i, :n] for i, n in enumerate(LENGTHS)]


def test_nothing_asked_is_nothing_done() -> None:
    features, labels = run(only())
    assert torch.equal(features, batch()[0])
    assert torch.equal(labels, batch()[1])


def test_labels_turn_with_the_features() -> None:
    turned_at_all = 0
    for seed in range(5):
        features, labels = run(only(roll=True), seed)
        before = zip(*map(each, batch()), strict=True)
        after = zip(each(features), each(labels), strict=True)
        for (old_features, old_labels), (new_features, new_labels) in zip(
            before, after, strict=True
        ):
            # frames name themselves: find how far the item was turned
            turn = int((new_features[:, 0] == old_features[0, 0]).nonzero()[0, 0])
            assert torch.equal(new_features, old_features.roll(turn, 0))
            assert torch.equal(new_labels, old_labels.roll(turn, 0))
            turned_at_all += turn > 0
    assert turned_at_all > 5


def test_shifts_move_bins_and_repeat_the_edge() -> None:
    seen = set()
    for seed in range(20):
        features, labels = run(only(shift_bins=2), seed)
        assert torch.equal(labels, batch()[1])
        for old, new in zip(each(batch()[0]), each(features), strict=True):
            sources = [(torch.arange(30) - s).clamp(0, 29) for s in range(-2, 3)]
            fits = [s - 2 for s, source in enumerate(sources) if torch.equal(new, old[:, source])]
            assert len(fits) == 1
            seen.add(fits[0])
    assert seen == {-2, -1, 0, 1, 2}


def test_gain_is_one_number_an_item() -> None:
    features, _ = run(only(gain_db=2))
    moves = [(new - old) for old, new in zip(each(batch()[0]), each(features), strict=True)]
    for move in moves:
        assert move.std(correction=0) < 1e-4
        assert move.abs().max() > 1e-3
    assert moves[0].mean() != moves[1].mean()


def test_noise_is_of_the_strength_asked_for() -> None:
    features, _ = run(only(noise_db=1.5))
    moves = torch.cat([(n - o) for o, n in zip(each(batch()[0]), each(features), strict=True)])
    assert float(moves.std()) == pytest.approx(1.5, rel=0.1)
    assert float(moves.mean()) == pytest.approx(0, abs=0.1)


def test_bands_are_masked_at_every_place_and_width() -> None:
    widths, places = set(), torch.zeros(30)
    for seed in range(150):
        features, _ = run(only(mask_bins=6), seed)
        for item in each(features):
            masked = (item == FLOOR).all(dim=0)
            assert torch.equal(masked, (item == FLOOR).any(dim=0))
            inside = masked.nonzero().flatten()
            if len(inside):
                assert int(inside[-1] - inside[0]) + 1 == len(inside)
            widths.add(len(inside))
            places += masked
    assert widths == set(range(7))
    assert (places > 0).all()


def test_nothing_goes_below_the_floor() -> None:
    features, _ = run(AugmentSettings(gain_db=60))
    assert min(float(item.min()) for item in each(features)) == FLOOR


@pytest.mark.parametrize(
    "settings",
    [
        AugmentSettings(),
        AugmentSettings(gain_db=30, noise_db=10, mask_bins=30),
        AugmentSettings(mask_bins=100),
    ],
)
def test_padding_stays_padding(settings: AugmentSettings) -> None:
    for seed in range(5):
        features, labels = run(settings, seed)
        for i, length in enumerate(LENGTHS):
            assert not features[i, length:].any()
            assert not labels[i, length:].any()


def test_the_generator_decides_everything() -> None:
    state = torch.random.get_rng_state()
    one, two, other = (run(AugmentSettings(), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[0], other[0])


def test_the_inputs_are_unchanged() -> None:
    features, labels = batch()
    kept = features.clone(), labels.clone()
    generator = torch.Generator().manual_seed(0)
    augment(features, labels, LENGTHS, AugmentSettings(), FLOOR, generator)
    assert torch.equal(features, kept[0])
    assert torch.equal(labels, kept[1])
