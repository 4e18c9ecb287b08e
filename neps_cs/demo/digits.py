"""Small torch networks for the handwritten digits that scikit-learn ships: the space and the training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from neps_cs.fidelities import IntegerFidelity
from neps_cs.parameters import Categorical, Float, Integer
from neps_cs.space import PipelineSpace
from neps_cs.structure import Operation, Repeated

TRAINING_IMAGES = 600
BATCH = 64


class DigitsSpace(PipelineSpace):
    """Networks of a stem, some blocks and a linear head, and how to train them."""

    epochs = IntegerFidelity(1, 9)
    learning_rate = Float(1e-4, 1.0, log=True, prior=1e-2, prior_confidence="medium")

    _dropout = Float(0.0, 0.6)  # shared: one rate for all blocks
    _activation = Categorical(
        (
            Operation(nn.ReLU),
            Operation(nn.Tanh),
            Operation(nn.LeakyReLU, kwargs={"negative_slope": Float(0.01, 0.5)}),
        )
    )
    _stem = Categorical(
        (
            Operation(nn.Flatten),
            Operation(
                nn.Sequential,
                args=(
                    Operation(
                        nn.Conv2d,
                        kwargs={
                            "in_channels": 1,
                            "out_channels": Integer(2, 16, log=True),
                            "kernel_size": Categorical((2, 3, 5)),
                        },
                    ),
                    _activation,
                    Operation(nn.Flatten),
                ),
            ),
        )
    )
    _width = Integer(4, 128, log=True)
    _block = Operation(
        nn.Sequential,
        args=(
            Operation(nn.LazyLinear, args=(_width.resample(),)).resample(),  # each block has its own width
            _activation,
            Operation(nn.Dropout, args=(_dropout,)),
        ),
    )
    _blocks = Operation(nn.Sequential, args=Repeated(Integer(1, 3), _block.resample()))
    model = Operation(nn.Sequential, args=(_stem, _blocks, Operation(nn.LazyLinear, args=(10,))))


@dataclass(frozen=True)
class Digits:
    """Images of shape (n, 1, 8, 8) in [0, 1] and their classes of shape (n,)."""

    images: Tensor
    classes: Tensor


@cache
def digits() -> tuple[Digits, Digits]:
    """The digits for training and for validation, always split alike."""
    images, classes = load_digits(return_X_y=True)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8)[order] / 16
    y = torch.tensor(classes)[order]
    n = TRAINING_IMAGES
    return Digits(x[:n], y[:n]), Digits(x[n:], y[n:])


def train(model: nn.Module, learning_rate: float, epochs: int) -> float:
    """Train and give the share of validation images that are classified wrong.

    Weights, order and dropout come from one seed, so the same arguments give the same error.
    """
    training, validation = digits()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        _initialise(model, training.images[:2])
        optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
        for _ in range(epochs):
            model.train()
            for batch in torch.split(torch.randperm(len(training.images)), BATCH):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(training.images[batch]), training.classes[batch])
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    model.eval()
    with torch.no_grad():
        wrong = model(validation.images).argmax(dim=1) != validation.classes
    return float(wrong.float().mean())


def _initialise(model: nn.Module, example: Tensor) -> None:
    """Fresh weights: lazy layers get their sizes, and all are drawn again from the seed."""
    model.eval()
    model(example)
    for part in model.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            part.reset_parameters()
