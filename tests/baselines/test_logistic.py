"""The logistic model: scikit-learn's, with no class impossible."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bayes_a2m.baselines.logistic import Logistic
from bayes_a2m.errors import InputError


def rows(classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, classes, 400)
    centres = 20 * generator.standard_normal((classes, 3))
    return centres[labels] + 15 * generator.standard_normal((400, 3)) + 5, labels


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_it_is_scikit_learns_mixed_with_the_uniform_law(classes: int) -> None:
    features, labels = rows(classes)
    model = Logistic.fit(features, labels, classes, 1e-3)
    scaled = StandardScaler().fit_transform(features)
    theirs = LogisticRegression(C=1 / (2 * 1e-3 * 400), max_iter=500).fit(scaled, labels)
    wanted = (400 * theirs.predict_proba(scaled) + 1) / (400 + classes)
    np.testing.assert_allclose(np.exp(model.log_probs(features)), wanted, atol=1e-6)


def test_a_class_never_met_is_unlikely_and_not_impossible() -> None:
    features, labels = rows(3)
    labels = np.where(labels == 1, 3, labels)
    model = Logistic.fit(features, labels, 4, 1e-3)
    probs = np.exp(model.log_probs(features))
    np.testing.assert_allclose(probs[:, 1], 1 / 404)
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_arrays_there_and_back() -> None:
    features, labels = rows(3)
    model = Logistic.fit(features, labels, 3, 1e-2)
    again = Logistic.of_arrays(model.arrays(), 3)
    np.testing.assert_array_equal(again.log_probs(features), model.log_probs(features))
    with pytest.raises(ValueError, match="for 4 classes"):
        Logistic.of_arrays(model.arrays(), 4)


def test_a_feature_that_never_changes_and_a_class_that_is_alone() -> None:
    features, labels = rows(3)
    features[:, 1] = 7.0
    model = Logistic.fit(features, labels, 3, 1e-3)
    assert np.isfinite(model.log_probs(features)).all()
    with pytest.raises(InputError, match="one class only"):
        Logistic.fit(features, np.zeros(400, dtype=np.int64), 3, 1e-3)
