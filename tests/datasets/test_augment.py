"""Augmentation moves features and labels together and leaves padding alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bayes_a2m.config.experiment import AugmentSettings
from bayes_a2m.datasets.augment import Transposition, augment, stretched
from bayes_a2m.errors import InputError

FLOOR = -70.0
NOTHING = {"roll": False, "shift_bins": 0, "gain_db": 0, "noise_db": 0, "mask_bins": 0}
SUM_OF_0_1_0, LABELS_OF_0_1_0 = -99627.08379936218, 2658
"""What the defaults made of :func:`batch` from seed 0 in version 0.1.0."""
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


def test_what_is_switched_off_draws_nothing() -> None:
    """Defaults give the numbers of 0.1.0: what was added since draws only where it is asked for."""
    plain = run(AugmentSettings())
    off = AugmentSettings(mask_frames=0, transpose=0, stretch=0.0, masks=1)
    assert torch.equal(run(off)[0], plain[0])
    # the sum of these features as version 0.1.0 gave it
    features, labels = plain
    assert float(features.double().sum()) == pytest.approx(SUM_OF_0_1_0, rel=1e-6)
    assert int((labels * torch.arange(50)).sum()) == LABELS_OF_0_1_0


def test_a_transposed_item_has_the_labels_of_its_new_pitches() -> None:
    """C4, D4, E4: an item of C4 alone goes up two or four semitones, one with all three nowhere."""
    rule = Transposition.of((60, 62, 64), 4, 36)
    labels = torch.tensor([[1, 1, 0, 1], [1, 2, 3, 0], [3, 3, 3, 1]])
    lengths = torch.tensor([4, 4, 3])  # the last frame of the last one is padding
    moves: list[set[int]] = [set(), set(), set()]
    for seed in range(60):
        bins, moved = rule.draw(labels, lengths, torch.Generator().manual_seed(seed))
        for i in range(3):
            semitones = int(bins[i]) // 3
            assert int(bins[i]) == 3 * semitones
            moves[i].add(semitones)
            pitches = torch.tensor([0, 60, 62, 64])
            for old, new in zip(labels[i, : lengths[i]], moved[i], strict=False):
                assert int(pitches[new]) == (int(pitches[old]) + semitones if old else 0)
        assert int(moved[2, 3]) == 1
    assert moves == [{0, 2, 4}, {0}, {0, -2, -4}]


def test_features_move_as_many_bins_as_the_labels_say() -> None:
    rule = Transposition.of((60, 61), 1, 12)
    features = torch.zeros(1, 6, 30)
    features[0, :, 10] = 50.0
    labels = torch.ones(1, 6, dtype=torch.long)
    seen = set()
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        moved, classes = augment(
            features, labels, torch.tensor([6]), only(transpose=1), FLOOR, generator, rule
        )
        (where,) = moved[0, 0].nonzero()[:, 0].tolist()
        assert where == 10 + int(classes[0, 0]) - 1
        seen.add(where)
    assert seen == {10, 11}


@pytest.mark.parametrize("bins", [None, 30])
def test_a_semitone_must_be_whole_bins(bins: int | None) -> None:
    with pytest.raises(InputError, match=r"training.augment.transpose: a semitone must be"):
        Transposition.of((60, 64), 2, bins)


def test_stretching_moves_labels_with_features() -> None:
    """Features that are their frame's number are a line of another slope; labels name it, too."""
    frames = torch.arange(40)
    features = frames[None, :, None].repeat(2, 1, 3).float()
    lengths = torch.tensor([40, 20])
    rates = []
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        moved, labels = stretched(features, frames[None].repeat(2, 1), lengths, 0.25, generator)
        for i, n in enumerate(lengths.tolist()):
            rate = float(moved[i, 1, 0])
            place = (frames[:n] * rate) % n
            inside = place < n - 1  # where it does not run from the end into the beginning
            torch.testing.assert_close(moved[i, :n, 0][inside], place[inside], rtol=1e-4, atol=1e-3)
            off = (labels[i, :n] - place)[inside].abs()
            assert float(off.max()) <= 0.5 + 1e-3
            rates.append(rate)
        assert torch.equal(labels[1, 20:], frames[20:])
        assert torch.equal(moved[1, 20:], features[1, 20:])
    assert min(rates) >= 0.8 - 1e-6
    assert max(rates) <= 1.25 + 1e-6
    assert max(rates) - min(rates) > 0.3


def test_stretches_of_frames_are_masked_by_the_mean() -> None:
    longest = 0
    for seed in range(60):
        features, labels = run(only(mask_frames=8, masks=2), seed)
        assert torch.equal(labels, batch()[1])
        before = batch()[0]
        for i, n in enumerate(LENGTHS.tolist()):
            changed = (features[i, :n] != before[i, :n]).any(-1)
            assert int(changed.sum()) <= 2 * min(8, n // 2)
            longest = max(longest, int(changed.sum()))
            if changed.any():
                mean = before[i, :n].mean()
                torch.testing.assert_close(
                    features[i, :n][changed], mean.expand(int(changed.sum()), 30)
                )
    assert longest > 8


def test_everything_at_once_leaves_padding_alone() -> None:
    features, labels = run(AugmentSettings(mask_frames=9, masks=3, stretch=0.2), 3)
    for i, length in enumerate(LENGTHS):
        assert not features[i, length:].any()
        assert not labels[i, length:].any()
