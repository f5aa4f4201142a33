from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.posteriors.point import Point
from tests import tiny
from tests.posteriors.contract import PosteriorContract


class TestPoint(PosteriorContract):
    covers = "point"

    @pytest.fixture
    def model(self, tiny_point: Point) -> Point:
        return tiny_point


def test_one_draw_is_the_network(tiny_point: Point, tiny_data: Dataset) -> None:
    recording = tiny_data.split("validation")[0]
    frontend = tiny_point.frontend
    features = frontend.normalizer(frontend.features(recording))
    with torch.inference_mode():
        expected = tiny_point.network(torch.from_numpy(features)[None])[0].numpy()
    post = tiny_point.predict([recording], draws=30)
    assert post.log_probs.shape[:2] == (1, 1)
    np.testing.assert_allclose(post.log_probs[0, 0, 0], expected, atol=1e-6)
    assert not post.mutual_information().any()


def test_windows_do_not_change_what_lies_far_from_seams(tiny_point: Point) -> None:
    generator = np.random.default_rng(0)
    sound = 0.1 * generator.standard_normal(16000 * 9).astype(np.float32)
    recording = Recording("long", samples=sound, sample_rate=16000)
    post = tiny_point.predict([recording])
    frontend = tiny_point.frontend
    features = frontend.normalizer(frontend.features(recording))
    with torch.inference_mode():
        first = tiny_point.network(torch.from_numpy(features[:666])[None])[0].numpy()
    # the first window is alone until the second starts, 3 s in
    alone = 666 - 167
    np.testing.assert_allclose(post.log_probs[0, 0, 0, :alone], first[:alone], atol=1e-5)
    assert post.lengths.tolist() == [1500]


def test_an_unfitted_model_says_so() -> None:
    with pytest.raises(InputError, match="not fitted"):
        Point(CRNN()).predict([Recording("a", samples=np.ones(16000, "f4"), sample_rate=16000)])


def test_fit_leaves_the_template_alone_and_depends_on_the_seed_only(tiny_data: Dataset) -> None:
    from bayes_a2m.audio.features import CQTFeatures
    from bayes_a2m.config.experiment import TrainingSettings

    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    template = CRNN(84, channels=(2, 2, 2), projection=4, hidden=3, features=4)
    before = {k: v.clone() for k, v in template.state_dict().items()}

    def fitted(seed: int) -> Point:
        point = Point(
            template,
            features=CQTFeatures(bins=84, bins_per_octave=12),
            training=TrainingSettings(epochs=1, batch=4),
            seed=seed,
        )
        torch.manual_seed(seed + 100)  # global state must not matter
        return point.fit(fit, tune)

    first, again, other = fitted(0), fitted(0), fitted(1)
    for name, value in template.state_dict().items():
        assert torch.equal(value, before[name])
    for a, b in zip(first.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(a, b)
    differences = zip(first.network.parameters(), other.network.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in differences)


@pytest.mark.parametrize("name", ["model.safetensors", "seen.json", "config.yaml"])
def test_a_missing_file_is_named(tiny_model: Path, tmp_path: Path, name: str) -> None:

    broken = tmp_path / "broken"
    tiny.copy_to_change(tiny_model, broken)
    (broken / name).unlink()
    with pytest.raises(InputError, match=name):
        Point.load(broken)


def test_another_version_and_other_weights_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    tiny.copy_to_change(tiny_model, broken)
    config = (broken / "config.yaml").read_text()
    (broken / "config.yaml").write_text(config.replace("format_version: 1", "format_version: 99"))
    with pytest.raises(InputError, match="format 99, this version reads 1"):
        Point.load(broken)
    (broken / "config.yaml").write_text(config.replace("hidden: 12", "hidden: 13"))
    with pytest.raises(InputError, match="do not fit"):
        Point.load(broken)
