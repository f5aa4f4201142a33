"""A map of features: frames as points in the plane, by class and by uncertainty."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.reporting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = ("pca", "umap")
_MARKERS = "os^Dv<>P"


@dataclass(frozen=True, eq=False)
class Projection:
    """Points in the plane.

    Attributes
    ----------
    points
        Shape ``(row, 2)``.
    method
        One of :data:`METHODS`.
    explained
        Share of the variance on each axis, for ``pca``; None for ``umap``.
    """

    points: NDArray[np.float64]
    method: str
    explained: tuple[float, float] | None = None


def project(
    features: NDArray[np.floating],
    *,
    method: str = "pca",
    seed: int = 0,
    neighbours: int = 5,
    min_distance: float = 0.01,
    progress: bool = False,
) -> Projection:
    """Lay rows of features out in the plane.

    Parameters
    ----------
    features
        Shape ``(row, feature)``.
    method
        ``pca``: the two principal components, each turned so that its largest loading is positive.
        ``umap``: McInnes et al. 2018 (arXiv 1802.03426), from the optional package umap-learn.
    seed, neighbours, min_distance, progress
        Settings of UMAP.

    Raises
    ------
    InputError
        If there is no such method, there are fewer than three rows, or umap-learn is absent.

    >>> project(np.array([[0.0, 0], [1, 0], [2, 0.1]])).explained[0] > 0.99
    True
    """
    if method not in METHODS:
        raise InputError(
            f"no projection called {method!r}{suggest(method, METHODS)}; there are: "
            f"{', '.join(METHODS)}"
        )
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[0] < 3:
        raise InputError(f"a map needs at least three rows of features, not shape {rows.shape}")
    if method == "umap":
        points = _umap(rows, seed, neighbours, min_distance, progress)
        return Projection(points, method)
    centred = rows - rows.mean(axis=0)
    _, scale, axes = np.linalg.svd(centred, full_matrices=False)
    axes, scale = axes[:2], scale**2
    if axes.shape[0] < 2:  # one feature
        axes = np.vstack([axes, np.zeros_like(axes)])
        scale = np.append(scale, 0.0)
    largest = axes[np.arange(2), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    total = float(scale.sum()) or 1.0
    shares = (float(scale[0]) / total, float(scale[1]) / total)
    return Projection(centred @ axes.T, method, shares)


def feature_map_figure(
    projection: Projection,
    labels: NDArray[np.int64],
    uncertainty: NDArray[np.float64],
    names: Sequence[str],
) -> Figure:
    """The same points twice: by true class, and by uncertainty.

    Parameters
    ----------
    projection
        The projection of the rows.
    labels, uncertainty
        Class and entropy in nats of each, ``(row,)``.
    names
        The names of the classes.

    Returns
    -------
    Figure
        Two columns wide; its points are pixels in an SVG, too.
    """
    figure = style.new_figure(style.WIDTH, 3.1)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    colours = style.class_colours(len(names))
    points = projection.points
    for k, name in enumerate(names):
        own = labels == k
        if own.any():
            left.scatter(
                *points[own].T,
                s=5,
                marker=_MARKERS[k % len(_MARKERS)],
                color=colours[k],
                linewidths=0,
                alpha=0.7,
                label=name,
                rasterized=True,
            )
    order = np.argsort(uncertainty, kind="stable")  # the doubtful ones on top
    shown = right.scatter(
        *points[order].T,
        s=5,
        c=uncertainty[order],
        cmap="viridis_r",
        linewidths=0,
        rasterized=True,
    )
    bar = figure.colorbar(shown, ax=right, fraction=0.05, pad=0.02)
    bar.outline.set_visible(False)
    style.dress(bar.ax, y="entropy (nats)")
    left.legend(fontsize=style.TICK, frameon=False, markerscale=2, loc="best", handletextpad=0.2)
    first, second = _axis_names(projection)
    style.dress(left, x=first, y=second, title="by true class")
    style.dress(right, x=first, title="by uncertainty")
    figure.tight_layout(pad=0.4, w_pad=1.0)
    return figure


def feature_map_caption(
    projection: Projection,
    labels: NDArray[np.int64],
    uncertainty: NDArray[np.float64],
    names: Sequence[str],
) -> str:
    """The caption of the figure: the class with the highest entropy.

    >>> projection = Projection(np.zeros((3, 2)), "pca", (0.5, 0.25))
    >>> labels, doubt = np.array([0, 1, 1]), np.array([0.1, 0.3, 0.5])
    >>> feature_map_caption(projection, labels, doubt, ["C4", "E4"])
    '3 frames on two principal components (75 % of the variance): E4 is the most doubtful, 0.40
    nats on average.'
    """
    means = {
        name: float(uncertainty[labels == k].mean())
        for k, name in enumerate(names)
        if (labels == k).any()
    }
    where = "by UMAP"
    if projection.explained is not None:
        where = (
            f"on two principal components ({100 * sum(projection.explained):.0f} % of the variance)"
        )
    most = max(means, key=lambda name: means[name])
    return (
        f"{len(labels):,} frames {where}: {most} is the most doubtful, {means[most]:.2f} nats on "
        "average."
    )


def _axis_names(projection: Projection) -> tuple[str, str]:
    if projection.explained is None:
        return "UMAP 1", "UMAP 2"
    first, second = (
        f"component {i} ({100 * e:.0f} %)" for i, e in enumerate(projection.explained, 1)
    )
    return first, second


def _umap(
    rows: NDArray[np.float64], seed: int, neighbours: int, min_distance: float, progress: bool
) -> NDArray[np.float64]:
    try:
        from umap import UMAP
    except ImportError:
        raise InputError(
            "UMAP is not installed: pip install 'bayes_a2m[umap]', or take the projection pca"
        ) from None
    mapper = UMAP(
        n_neighbors=min(neighbours, len(rows) - 1),
        min_dist=min_distance,
        random_state=seed,
        n_jobs=1,
        verbose=progress,  # a bar of its own
    )
    with contextlib.redirect_stdout(sys.stderr):  # where its bar goes, too
        return np.asarray(mapper.fit_transform(rows), dtype=np.float64)
