"""What a ConfigurationSpace says beside what its space means: kept, so that it comes back as it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from neps_cs.errors import FormatError, Problem
from neps_cs.graph.document_values import ValueReader, write_value

NAMELESS = "Space"
"""What a space is called that has no name."""


@dataclass(frozen=True)
class Native:
    """By the name of a hyperparameter, but for `meta` and `name`. Nothing of this changes what is sampled.

    `meta` is the meta of the space itself, `constants` that of Constants. `conditions` names the children
    whose conditions are ConfigSpace's own, not to be made safe for it. `values` names the choices
    that are held as they are where a translation would write labels (tuples, functions), and the numbers
    that are ConfigSpace's own where it would write places in [0, 1], with bounds as ConfigSpace rounds
    them. `sigmas` holds the sigma of normal hyperparameters on a log scale, or of no width: from it follows
    the deviation, but not the other way round. `defaults` holds defaults beyond the bounds, which
    ConfigSpace rounds. `kinds` holds the registered name of a hyperparameter class of someone else's.
    `orders` says in which order a hyperparameter lists its forbidden clauses, as places among them sorted by
    text. `name` is that of the ConfigurationSpace where the space is called NAMELESS: None, "", or that
    very word.
    """

    meta: Mapping[Any, Any] | None = None
    constants: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    sigmas: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    orders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    name: str | None = None
    defaults: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        """As the text that makes it, the same in every process: sets print sorted, defaults not at all."""
        shown = []
        for f in fields(self):
            value = getattr(self, f.name)
            if value != getattr(NOTHING, f.name):
                text = f"frozenset({sorted(value)!r})" if isinstance(value, frozenset) else repr(value)
                shown.append(f"{f.name}={text}")
        return f"Native({', '.join(shown)})"

    def among(self, names: Collection[str]) -> Native:
        """The same for these names only."""
        return Native(
            self.meta,
            {n: m for n, m in self.constants.items() if n in names},
            self.values.intersection(names),
            {n: s for n, s in self.sigmas.items() if n in names},
            {n: k for n, k in self.kinds.items() if n in names},
            self.conditions.intersection(names),
            {n: o for n, o in self.orders.items() if n in names},
            self.name,
            {n: d for n, d in self.defaults.items() if n in names},
        )

    def joined(self, other: Native) -> Native:
        """This one, and what only the other says."""
        return Native(
            other.meta if self.meta is None else self.meta,
            {**other.constants, **self.constants},
            self.values | other.values,
            {**other.sigmas, **self.sigmas},
            {**other.kinds, **self.kinds},
            self.conditions | other.conditions,
            {**other.orders, **self.orders},
            other.name if self.name is None else self.name,
            {**other.defaults, **self.defaults},
        )


NOTHING = Native()


def native_to_document(native: Native) -> dict[str, Any]:
    """As JSON data, without what is empty."""
    rows = {
        "meta": None if native.meta is None else write_value(dict(native.meta)),
        "constants": {n: write_value(dict(m)) for n, m in native.constants.items()} or None,
        "values": sorted(native.values) or None,
        "sigmas": dict(native.sigmas) or None,
        "kinds": dict(native.kinds) or None,
        "conditions": sorted(native.conditions) or None,
        "orders": {n: list(o) for n, o in native.orders.items()} or None,
        "name": native.name,
        "defaults": dict(native.defaults) or None,
    }
    return {k: v for k, v in rows.items() if v is not None}


def native_from_document(written: Any, reader: ValueReader) -> Native:
    """The inverse of `native_to_document`. Raises FormatError for anything else."""
    forms = {"meta": dict, "constants": dict, "values": list, "sigmas": dict, "kinds": dict,
             "conditions": list, "orders": dict, "name": str, "defaults": dict}  # fmt: skip
    if not isinstance(written, dict) or any(not isinstance(v, forms.get(k, ())) for k, v in written.items()):
        rule = f"native must hold some of {', '.join(forms)}"
        raise FormatError(Problem(rule, repr(written)[:60], "native"))
    sigmas, kinds = written.get("sigmas", {}), written.get("kinds", {})
    names = [n for key in ("values", "conditions") for n in written.get(key, []) if not isinstance(n, str)]
    strange = [s for s in sigmas.values() if type(s) not in (int, float)]
    if names or strange or any(not isinstance(k, str) for k in kinds.values()):
        raise FormatError(Problem("names must be text, sigmas numbers", repr(written)[:60], "native"))
    if any(type(d) is not int for d in written.get("defaults", {}).values()):
        raise FormatError(Problem("defaults must be integers", repr(written)[:60], "native"))
    orders = written.get("orders", {})
    if any(not isinstance(o, list) or any(type(i) is not int for i in o) for o in orders.values()):
        raise FormatError(Problem("orders must be lists of integers", repr(orders)[:60], "native"))
    return Native(
        reader.value(written["meta"]) if "meta" in written else None,
        {n: reader.value(m) for n, m in written.get("constants", {}).items()},
        frozenset(written.get("values", [])),
        dict(sigmas),
        dict(kinds),
        frozenset(written.get("conditions", [])),
        {n: tuple(o) for n, o in orders.items()},
        written.get("name"),
        dict(written.get("defaults", {})),
    )
