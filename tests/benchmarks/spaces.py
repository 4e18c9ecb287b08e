"""The four spaces of the resolver's benchmarks, made of the classes of the module that is given.

`neps` here is either package, NePS or neps_cs: the same lines make the same space in both.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any


class Part:
    """What an operator of these spaces makes: an object that keeps its arguments."""

    __slots__ = ("args",)

    def __init__(self, *args: Any) -> None:
        self.args = args


class Activation(Part):
    """An activation function."""


class Convolution(Part):
    """A convolution."""


class Norm(Part):
    """A normalisation."""


class Block(Part):
    """An activation, a convolution and a normalisation."""


class Cell(Part):
    """Six operations on edges."""


class Sequential(Part):
    """Parts one after the other."""


class Residual(Part):
    """Parts beside a skip connection."""


class Down(Part):
    """A part that halves the resolution."""


def flat(neps: ModuleType) -> Any:
    """Five parameters."""

    class Flat(neps.PipelineSpace):  # type: ignore[name-defined, misc]
        learning_rate = neps.Float(1e-5, 1e-1, log=True)
        momentum = neps.Float(0.0, 1.0)
        layers = neps.Integer(1, 10)
        width = neps.Integer(8, 512, log=True)
        optimizer = neps.Categorical(("adam", "sgd", "rmsprop"))

    return Flat()


def cells(neps: ModuleType) -> Any:
    """Hierarchical cells: an activation and a convolution shared by all blocks, a norm and operations
    resampled in each, cells in three levels of choices."""
    op = neps.Operation

    class Cells(neps.PipelineSpace):  # type: ignore[name-defined, misc]
        _slope = neps.Float(0.1, 0.9)
        _activation = neps.Categorical(
            (op(Activation, ("relu",)), op(Activation, ("mish",)), op(Activation, ("prelu", _slope)))
        )
        _convolution = neps.Categorical(
            (op(Convolution, (1,)), op(Convolution, (3,)), op(Convolution, (3, "depthwise")))
        )
        _norm = neps.Categorical((op(Norm, ("batch",)), op(Norm, ("instance",)), op(Norm, ("layer",))))
        _block = op(Block, (_activation, _convolution, _norm.resample()))
        _operation = neps.Categorical((op(Part, ("zero",)), op(Part, ("skip",)), _block.resample()))
        _cell = op(Cell, (_operation.resample(),) * 6)
        _level_1 = neps.Categorical(
            (
                op(Sequential, (_cell.resample(), _cell.resample())),
                op(Residual, (_cell.resample(), _cell.resample(), _cell.resample())),
            )
        )
        _level_2 = neps.Categorical(
            (
                op(Sequential, (_level_1.resample(), op(Down, (_cell,)))),
                op(Residual, (_level_1.resample(), _level_1.resample(), op(Down, (_cell,)))),
            )
        )
        model = neps.Categorical(
            (
                op(Sequential, (_level_2.resample(), _level_1.resample())),
                op(Residual, (_level_2.resample(), _level_2.resample(), _level_1.resample())),
            )
        )

    return Cells()


class Call(Part):
    """A function of an optimizer's program."""


class Line(Part):
    """An assignment."""


class Program(Part):
    """Lines in order."""


def programs(neps: ModuleType) -> Any:
    """Optimizer programs: lines of unary, binary and ternary functions over pointers to variables."""
    op = neps.Operation

    class Programs(neps.PipelineSpace):  # type: ignore[name-defined, misc]
        _unary = neps.Categorical(("sqrt", "log", "sign", "exp", "sin", "square"))
        _binary = neps.Categorical(("add", "subtract", "multiply", "divide", "maximum"))
        _ternary = neps.Categorical(("interpolate", "clip"))
        _pointer = neps.Categorical(("gradient", "weights", "moment", "variance", "step", "constant"))
        _target = neps.Categorical(("moment", "variance", "update"))
        _function = neps.Categorical(
            (
                op(Call, (_unary.resample(), _pointer.resample())),
                op(Call, (_binary.resample(), _pointer.resample(), _pointer.resample())),
                op(
                    Call,
                    (_ternary.resample(), _pointer.resample(), _pointer.resample(), _pointer.resample()),
                ),
            )
        )
        _line = op(Line, (_target.resample(), _function.resample()))
        _lines = neps.Categorical(
            (
                op(Program, (_line.resample(),)).resample(),
                op(Program, (_line.resample(), neps.ByName("_lines").resample())).resample(),
                op(
                    Program, (_line.resample(), _line.resample(), neps.ByName("_lines").resample())
                ).resample(),
            )
        )
        program = _lines

    return Programs()


def architectures(neps: ModuleType) -> Any:
    """A recursive grammar of architectures with six productions."""
    op, again = neps.Operation, neps.ByName

    class Architectures(neps.PipelineSpace):  # type: ignore[name-defined, misc]
        _layer = op(Convolution, (neps.Categorical((1, 3, 5)).resample(), neps.Integer(8, 64).resample()))
        architecture = neps.Categorical(
            (
                _layer.resample(),
                op(Part, ("identity",)),
                op(Block, (_layer.resample(), op(Norm, ("batch",)), op(Activation, ("relu",)))).resample(),
                op(
                    Sequential, (again("architecture").resample(), again("architecture").resample())
                ).resample(),
                op(Residual, (again("architecture").resample(),)).resample(),
                op(Down, (_layer.resample(), again("architecture").resample())).resample(),
            )
        )

    return Architectures()


ALL = {"flat": flat, "cells": cells, "programs": programs, "architectures": architectures}
