"""Deep ensembles: members alike but for their seed, trained in parallel, added, retried."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError, PartlyFinishedError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.posteriors import ensemble as ensemble_file
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.member import MemberTraining
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.training_data import TrainingData
from tests import tiny
from tests.posteriors.contract import PosteriorContract

QUICK = (*tiny.SMALL, "training.epochs=2")


def parts(data: Dataset) -> tuple[Dataset, Dataset]:
    return data.split("train").with_tuning_part(0.2)


def ensemble(*settings: str, base: tuple[str, ...] = QUICK) -> DeepEnsemble:
    return DeepEnsemble.of_experiment(load_experiment("ensemble", (*base, *settings)))


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> DeepEnsemble:
    plan = ensemble("posterior.members=3", "posterior.jobs=1", base=tiny.SMALL)
    return plan.fit(*parts(tiny_data))


class TestDeepEnsemble(PosteriorContract):
    covers = "ensemble"

    def test_a_chain_is_a_member(self, model: DeepEnsemble, tiny_data: Dataset) -> None:
        recording = tiny_data.split("validation")[0]
        post = model.predict([recording], draws=30)
        assert post.log_probs.shape[:2] == (3, 1)
        for chain, member in enumerate(model.members):
            alone = member.predict_recording(recording, 1)
            np.testing.assert_array_equal(post.log_probs[chain, :, 0], alone[0])
        assert post.mutual_information().mean() > 0

    def test_members_are_networks_of_their_own_seeds(
        self, model: DeepEnsemble, tiny_data: Dataset
    ) -> None:
        assert [m.seed for m in model.members] == [0, 1, 2]
        plan = load_experiment("crnn", (*tiny.SMALL, "seed=1"))
        alone = Point.of_experiment(plan).fit(*parts(tiny_data))
        for name, tensor in alone.network.state_dict().items():
            torch.testing.assert_close(tensor, model.members[1].network.state_dict()[name])

    def test_a_member_can_be_used_alone(
        self, model: DeepEnsemble, tiny_data: Dataset, tmp_path: Path
    ) -> None:
        data = tiny_data.split("validation")
        model.save(tmp_path / "model")
        for one in (model, DeepEnsemble.load(tmp_path / "model")):
            post = one.members[1].predict(data)
            assert post.vocabulary == model.vocabulary
            assert len(one.members[1].decoder.decode(post)) == len(data)

    def test_densities_are_those_of_the_first_member(
        self, model: DeepEnsemble, tiny_knowing: Point
    ) -> None:
        known = model.fitted
        assert known is not None
        try:
            assert tiny_knowing.fitted is not None
            model.fitted = replace(known, novelty=tiny_knowing.fitted.novelty)
            model._share()
            novelty = [m.fitted.novelty for m in model.members if m.fitted is not None]
        finally:
            model.fitted = known
            model._share()
        assert novelty[0] is not None
        assert set(novelty[1:]) == {None}

    def test_its_size_counts_all(self, model: DeepEnsemble) -> None:
        assert model.parameter_count == 3 * model.members[0].parameter_count
        assert model.record.seconds == pytest.approx(sum(m.record.seconds for m in model.members))
        assert model.record.log.count("\n") == 1 + 3 * 24

    def test_a_directory_with_too_few_members_is_refused(
        self, model: DeepEnsemble, tmp_path: Path
    ) -> None:
        model.save(tmp_path / "model")
        (tmp_path / "model" / "checksums.sha256").unlink()
        config = tmp_path / "model" / "config.yaml"
        config.write_text(config.read_text().replace("members: 3", "members: 4"))
        with pytest.raises(InputError, match="do not fit"):
            DeepEnsemble.load(tmp_path / "model")

    def test_members_can_be_added(self, model: DeepEnsemble, tiny_data: Dataset) -> None:
        grown = ensemble("posterior.members=4", base=tiny.SMALL)
        grown.fit(*parts(tiny_data), start=model)
        pairs = zip(grown.members, model.members, strict=False)
        assert all(a.network is b.network for a, b in pairs)
        assert [m.seed for m in grown.members] == [0, 1, 2, 3]
        data = tiny_data.split("validation")
        before, after = model.predict(data), grown.predict(data)
        np.testing.assert_array_equal(after.log_probs[:3], before.log_probs)
        assert not np.array_equal(after.log_probs[3], before.log_probs[0])


def test_the_record_goes_on_from_a_directory(
    model: DeepEnsemble, tiny_data: Dataset, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    settings = ("posterior.members=3", "posterior.jobs=1", "posterior.method.name=laplace")
    plan = ensemble(*settings, base=tiny.SMALL)
    clock = time.perf_counter()
    nested = plan.fit(*parts(tiny_data), start=DeepEnsemble.load(tmp_path / "model"))
    elapsed = time.perf_counter() - clock
    assert nested.record.log == model.record.log
    # the last layers took time of their own, within that of the fit; a directory rounds to 1 ms
    own = nested.record.seconds - model.record.seconds
    assert 0.001 < own < elapsed
    each = sum(member.record.seconds for member in nested.members)
    assert nested.record.seconds == pytest.approx(each)
    post = nested.predict(tiny_data.split("validation"), draws=12)
    assert post.log_probs.shape[:2] == (3, 4)


def test_a_point_network_becomes_the_first_member(tiny_point: Point, tiny_data: Dataset) -> None:
    plan = ensemble("posterior.members=2", base=tiny.SMALL)
    known = tiny_point.fitted
    model = plan.fit(*parts(tiny_data), start=tiny_point)
    assert model.members[0].network is tiny_point.network
    # what the ensemble chose for itself, its decoder for one, is not put upon the point network
    assert model.members[0].decoder is model.decoder
    assert tiny_point.fitted is known
    assert model.members[1].seed != tiny_point.seed


def test_members_may_draw_themselves(tiny_data: Dataset, tmp_path: Path) -> None:
    model = ensemble(
        "posterior.members=2",
        "posterior.jobs=1",
        "posterior.method={name: mc_dropout}",
        "network.dropout={inputs: 0.3, head: 0.3}",
    ).fit(*parts(tiny_data))
    data = tiny_data.split("validation")
    post = model.predict(data, draws=10)
    assert post.log_probs.shape[:2] == (2, 5)
    assert post.log_probs.std(axis=1).mean() > 0
    model.save(tmp_path / "model")
    again = DeepEnsemble.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(data, draws=10).log_probs, post.log_probs)


def test_resampled_members_fit_other_recordings(tiny_data: Dataset) -> None:
    fit, tune = parts(tiny_data)
    plain = ensemble("posterior.members=2", "posterior.jobs=1").fit(fit, tune)
    other = ensemble("posterior.members=2", "posterior.jobs=1", "posterior.resample=true")
    other.fit(fit, tune)
    first, second = plain.members[0].network.head, other.members[0].network.head
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def dying(marker: Path, kill: bool) -> type[MemberTraining]:
    """A member's training that dies the first time the second member is tried.

    Made in a function, so that it goes to other processes by value.
    """

    class Dying(MemberTraining):
        def run(self, training_data: TrainingData) -> None:
            if self.plan.seed == 1 and not marker.exists():
                marker.touch()
                if kill:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise RuntimeError("no more disk")
            super().run(training_data)

    return Dying


@pytest.mark.slow
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "failed"])
def test_a_member_that_dies_is_trained_again_alone(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: bool
) -> None:
    expected = ensemble("posterior.members=2", "posterior.jobs=1").fit(*parts(tiny_data))
    marker = tmp_path / "died"
    monkeypatch.setattr(ensemble_file, "MemberTraining", dying(marker, kill))
    model = ensemble("posterior.members=2", "posterior.jobs=2").fit(*parts(tiny_data))
    assert marker.exists()
    data = tiny_data.split("validation")
    np.testing.assert_allclose(
        model.predict(data).log_probs, expected.predict(data).log_probs, atol=1e-4
    )


@pytest.mark.slow
def test_a_member_that_fails_twice_is_named(
    tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = MemberTraining.run

    def always(self: MemberTraining, training_data: TrainingData) -> None:
        if self.plan.seed == 1:
            raise RuntimeError("no more disk")
        run(self, training_data)

    monkeypatch.setattr(MemberTraining, "run", always)
    plan = ensemble("posterior.members=2", "posterior.jobs=1")
    words = r"member_1 .*seed 1.* failed twice: no more disk; 1 of 2 members are kept"
    with pytest.raises(PartlyFinishedError, match=words):
        plan.fit(*parts(tiny_data), workdir=tmp_path)
    monkeypatch.undo()
    stamp = (tmp_path / "member_0" / "member.safetensors").stat().st_mtime_ns
    again = ensemble("posterior.members=2", "posterior.jobs=1")
    again.fit(*parts(tiny_data), workdir=tmp_path, resume=True)
    assert (tmp_path / "member_0" / "member.safetensors").stat().st_mtime_ns == stamp
    assert len(again.members) == 2


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("posterior.members=1", "at least 2"),
        ("posterior.method={name: ensemble}", "no ensembles"),
        ("posterior.membres=3", "did you mean 'members'"),
    ],
)
def test_wrong_settings_are_refused(setting: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ensemble(setting)


def test_too_few_members_to_start_from(tiny_point: Point, tiny_data: Dataset) -> None:
    plan = DeepEnsemble.of_experiment(
        load_experiment(
            "ensemble",
            (
                *QUICK,
                "posterior.members=3",
                "posterior.method={name: mc_dropout}",
            ),
        )
    )
    with pytest.raises(InputError, match="cannot start from 1 of method point"):
        plan.fit(*parts(tiny_data), start=tiny_point)


def test_the_public_name() -> None:
    import bayes_a2m as a2m

    assert a2m.DeepEnsemble(CRNN(), members=7).options.members == 7
