"""Parts of another package: a network, a posterior, features, a metric, a report section."""

import torch
from pydantic import Field
from torch import Tensor, nn

import bayes_a2m as a2m
from bayes_a2m.metrics.metric import Metric
from bayes_a2m.reporting.report.section import Section, SectionContent


class Perceptron(nn.Sequential):
    """One frame at a time, knowing nothing of bayes_a2m: ``(batch, frame, bin)`` to scores."""

    def __init__(self, bins: int, outputs: int, hidden: int = 16) -> None:
        super().__init__(nn.Linear(bins, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


FrameMLP = a2m.adapt(Perceptron, name="frame_mlp")


class Jitter(a2m.NetworkPosterior):
    """Draws differ by Gaussian noise on the scores: one offset for each class and draw."""

    name = "jitter"

    class Options(a2m.Settings):
        scale: float = Field(0.1, gt=0, description="of the offsets, nats")

    def log_probs(self, features: Tensor, draws: int) -> Tensor:
        scores, drawn = self.network(features), []
        for draw in range(draws):
            generator = torch.Generator().manual_seed(self.draw_seed(draw))
            noise = self.options.scale * torch.randn(scores.shape[-1], generator=generator)
            drawn.append((scores + noise).log_softmax(-1))
        return torch.stack(drawn, dim=1)


class BandEnergy(a2m.Features):
    """The energy of equal bands of a short Fourier transform."""

    name, label = "energy", "band energy"
    bins: int = Field(24, ge=4)

    def transform(self) -> nn.Module:
        return _Bands(self.bins, self.hop)


class _Bands(nn.Module):
    def __init__(self, bins: int, hop: int) -> None:
        super().__init__()
        self.bins, self.hop = bins, hop

    def forward(self, samples: Tensor) -> Tensor:
        window = torch.hann_window(1024)
        spectrum = torch.stft(samples, 1024, self.hop, window=window, return_complex=True)
        bands = spectrum.abs()[..., : samples.shape[-1] // self.hop].chunk(self.bins, dim=-2)
        return torch.stack([band.mean(dim=-2) for band in bands], dim=-1) / 256


def _changes(post: a2m.FramePosterior, labels: Tensor) -> list[float]:
    predicted = post.of(0).argmax(axis=1)
    return [float((x[1:] != x[:-1]).sum()) for x in (predicted, labels)]


def _ratio(sums: list[float]) -> float:
    return sums[0] / max(sums[1], 1.0)


FLICKER = Metric(
    "flicker", "changes per true change", _ratio, "lower", family="recording", statistics=_changes
)


class Flicker(Section):
    """How restless the predictions are."""

    name, title = "flicker", "Restless predictions"

    def build(self, context: object) -> SectionContent:
        return SectionContent("How often the predicted class changes for each true change.")
