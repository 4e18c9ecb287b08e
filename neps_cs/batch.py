"""Many configs of a space, drawn at once and looked at by columns."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from neps_cs.columns.decode import dicts
from neps_cs.columns.drawing import Column, drawn_columns, draws_columns
from neps_cs.errors import ConfigError, Problem, meant
from neps_cs.resolving.walk import MAX_DEPTH, Config
from neps_cs.sampling.draw import Seed, checked_flag, drawn, generator
from neps_cs.space import PipelineSpace, check_max_depth, checked_space
from neps_cs.values import Plain, object_array

_INT64 = np.iinfo(np.int64)


class Batch(Sequence[Config]):
    """Configs of one space: `batch["lr"]` is a column, `batch[0]` a config, `batch[:10]` a smaller batch.

    `len`, iteration and `list(batch)` are those of a sequence of configs, so that whatever takes many configs
    takes a batch: `sidecar.to_array(batch)`, `sidecar.to_configurations(batch)`.
    """

    def __init__(self, space: PipelineSpace, n: int, found: Mapping[str, Column] | Sequence[Config]) -> None:
        self.space, self._n, self._found = space, n, found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The addresses of decisions that at least one config holds, in the order of their first use."""
        if isinstance(self._found, Mapping):
            return tuple(name for name, c in self._found.items() if _is_somewhere(c, self._n))
        return tuple({name: None for config in self._found for name in config})

    @cached_property
    def _configs(self) -> Sequence[Config]:
        if not isinstance(self._found, Mapping):
            return self._found
        values = np.empty((len(self._found), self._n), dtype=object)
        active = np.ones(values.shape, dtype=bool)
        for i, column in enumerate(self._found.values()):
            values[i] = column.values  # Python's own numbers from here on
            if column.active is not None:
                active[i] = column.active
        return dicts(list(self._found), values.T, active.T)

    def column(self, name: str) -> npt.NDArray[Any]:
        """What the configs hold at an address, shape (configs,): float64 for floats, int64 for integers
        (objects beyond 64 bits), objects for choices. Where some configs don't hold it, a masked array.
        Read only.

        Raises ConfigError where no config holds it.
        """
        if name not in self.names:
            rule = "the name of a column must be an address that a config of the batch holds"
            raise ConfigError(Problem(rule, f"{name!r}{meant(name, self.names)}", self.space.graph.name))
        if isinstance(self._found, Mapping):
            values, active = self._found[name]
        else:
            values, active = _column([config.get(name, _ABSENT) for config in self._found])
        values.setflags(write=False)
        if active is None or active.all():
            return values
        return np.ma.MaskedArray(values, mask=~active)

    @overload
    def __getitem__(self, key: str) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, key: int) -> Config: ...
    @overload
    def __getitem__(self, key: slice) -> Batch: ...
    def __getitem__(self, key: str | int | slice) -> npt.NDArray[Any] | Config | Batch:
        if isinstance(key, str):
            return self.column(key)
        if not isinstance(key, slice):
            return dict(self._configs[key])
        n = len(range(self._n)[key])
        if not isinstance(self._found, Mapping):
            return Batch(self.space, n, self._found[key])
        parts = {
            name: Column(c.values[key], None if c.active is None else c.active[key])
            for name, c in self._found.items()
        }
        return Batch(self.space, n, parts)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Config]:
        return map(dict, self._configs)

    def __repr__(self) -> str:
        return f"<Batch of {self._n:,} configs of {self.space.graph.name}: {len(self.names):,} columns>"


def sample(
    space: PipelineSpace, n: int, seed: Seed = None, *, priors: bool = False, max_depth: int = MAX_DEPTH
) -> Batch:
    """n >= 0 configs, as `space.sample` draws one: the same distribution, faster, and without pipelines
    (`neps.resolve(space, batch[0])` makes one). Columns of a flat space are drawn at once.

    `seed` is an integer, a numpy.random.Generator (which moves on), or None for fresh entropy. Priors count
    with `priors` only. With the same integer a larger n gives the same configs and more.

    Raises SpaceError for anything else than a space and for a wrong max_depth; ConfigError for a wrong n,
    seed or priors, and where 10,000 draws gave no config that the forbidden clauses allow.
    """
    space = checked_space(space, "sample")
    n, rng = _checked_count(n), generator(seed)
    checked_flag("priors", priors, "sample")
    check_max_depth(max_depth, "sample")
    resolver = space.resolver
    if draws_columns(resolver, use_prior=priors):
        return Batch(space, n, drawn_columns(resolver, n, rng, use_prior=priors))
    return Batch(space, n, [drawn(resolver, rng, None, priors, max_depth, build=False)[0] for _ in range(n)])


def _checked_count(n: object) -> int:
    if isinstance(n, (bool, np.bool_)) or not isinstance(n, numbers.Integral) or n < 0:
        raise ConfigError(Problem("n must be an integer >= 0", repr(n), "sample"))
    return int(n)


_ABSENT: Any = object()


def _column(found: Sequence[Plain]) -> Column:
    """Values of one address; _ABSENT where a config does not hold it."""
    held = [value for value in found if value is not _ABSENT]
    active = None if len(held) == len(found) else np.array([value is not _ABSENT for value in found])
    kinds = set(map(type, held))
    if kinds == {float}:
        return Column(np.array([0.0 if v is _ABSENT else v for v in found], dtype=float), active)
    if kinds == {int} and all(_INT64.min <= v <= _INT64.max for v in held):  # type: ignore[operator]
        return Column(np.array([0 if v is _ABSENT else v for v in found], dtype=np.int64), active)
    return Column(object_array([None if v is _ABSENT else v for v in found]), active)


def _is_somewhere(column: Column, n: int) -> bool:
    return n > 0 and (column.active is None or bool(column.active.any()))
