"""Study files: those that ship, inheritance of settings, what is wrong said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m.config.experiment import shipped
from bayes_a2m.errors import InputError
from bayes_a2m.studies.study import find_study, load_study, shipped_studies

NAMES = (
    "architectures",
    "augmentation",
    "baselines",
    "condition_shift",
    "data_size",
    "early_stopping",
    "features",
    "label_time",
    "losses",
    "methods",
    "one_vs_two_stage",
    "one_vs_two_stage_folds",
    "optimizers",
    "vocabulary_cde",
    "windows",
)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_all_studies_ship() -> None:
    assert tuple(shipped_studies()) == NAMES
    assert not set(NAMES) & set(shipped())


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_can_be_read(name: str) -> None:
    study, experiments = load_study(name)
    assert study.description.endswith((".", "?"))
    assert list(experiments) == list(study.arms)
    assert study.compared_with in study.arms
    distinct = {e.model_dump_json(exclude={"description"}) for e in experiments.values()}
    told = {arm.fit.model_dump_json() for arm in study.arms.values()}
    assert len(distinct) == len(study.arms) or len(told) > 1


def test_three_seeds_where_designs_and_methods_are_judged() -> None:
    for name in ("one_vs_two_stage", "methods", "baselines"):
        assert load_study(name)[0].seeds == (0, 1, 2)


def test_settings_are_laid_over_each_other(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
set: {training.epochs: 7, training.batch: 3}
arms:
  a: {experiment: crnn}
  b: {experiment: crnn, set: {training.epochs: 9}}
""",
    )
    _, plain = load_study(path)
    assert [plain[a].training.epochs for a in "ab"] == [7, 9]
    _, told = load_study(path, ["training.epochs=2"])
    assert [told[a].training.epochs for a in "ab"] == [2, 2]
    assert told["b"].training.batch == 3


def test_an_experiment_beside_the_study_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("base: crnn\ntraining: {epochs: 4}\n")
    _, experiments = load_study(written(tmp_path, "arms: {a: {experiment: own.yaml}}"))
    assert experiments["a"].training.epochs == 4


def test_seeds_of_the_command_take_the_place_of_the_files(tmp_path: Path) -> None:
    path = written(tmp_path, "arms: {a: {experiment: crnn}}\nseeds: [3]")
    assert load_study(path)[0].seeds == (3,)
    assert load_study(path, seeds=[5, 6])[0].seeds == (5, 6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "arms: {a: {experment: crnn}}",
            "unknown key 'arms.a.experment' (did you mean 'experiment'?)",
        ),
        ("arms: {a: {}}\nreferense: a", "unknown key 'referense' (did you mean 'reference'?)"),
        ("arms: {a: {fit: {recording: 5}}}", "did you mean 'recordings'?"),
        (
            "arms: {a: {experiment: crn}}",
            "arm a: no experiment called 'crn' (did you mean 'crnn'?)",
        ),
        (
            "arms: {a: {experiment: crnn, set: {training.epoch: 5}}}",
            "arm a: unknown key 'training.epoch' (did you mean 'epochs'?)",
        ),
        ("arms: {a: {}, b: {start: c}}", "arms.b.start: no arm called 'c'"),
        ("arms: {one: {}, b: {}}\nreference: ome", "no arm called 'ome' (did you mean 'one'?)"),
        ("arms: {a: {}, b: {start: a}, c: {start: b}}", "b itself starts from another"),
        ("arms: {a: {}}\nseeds: [1, 1]", "different numbers"),
        ("arms: {}", "arms"),
        ("arms: {../up: {}}", "must be a word"),
        ("arms: {cqt: {fit: {recording: 5}}}", "did you mean 'recordings'?"),
        ("arms: {a: {}}\ndata: {voices: {recordingz: 5}}", "did you mean 'recordings'?"),
        ("base: crnn", "has no arms, so it is no study"),
        ("arms: {a: {}}\nseeds: [-1]", "yaml: seeds: give different numbers"),
        ("data: {join: 8, voices: {}}\narms: {a: {}}", "voices or join"),
        ("arms: [a, b]", "arms"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as refused:
        load_study(path)
    message = str(refused.value)
    assert said in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_study_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"no study called 'metods' \(did you mean 'methods'"):
        find_study("metods")
    with pytest.raises(InputError, match="crnn is an experiment, not a study"):
        find_study("crnn")
    with pytest.raises(InputError, match="no such study file"):
        find_study("nowhere/mine.yaml")
