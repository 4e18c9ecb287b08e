"""Edits on records: narrower bounds, fewer open branches, other priors; and edits as JSON data.

Edits only narrow, and never rename: labels, indices and addresses stay. A default that is not left
is dropped, since it is only where ConfigSpace starts; a prior that is not left is refused, since it
is what the user believes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import assert_never

from neps_cs.errors import FormatError, Problem, SpaceError
from neps_cs.graph.records import ChoiceRecord, Edit, NumberRecord, confidence_of
from neps_cs.parameters import Categorical, Float, Integer, Ordinal, Prior
from neps_cs.priors import Beta, Confidence, Normal, Weights
from neps_cs.structure import ByName, Node

PRIOR_RULE = "only Float, Integer and Categorical can have a prior"
_TAKE_AWAY = "(with_prior(address, None) takes it away)"


def edited_number(record: NumberRecord, edit: Edit) -> NumberRecord:
    """The record under an edit, as far as its definition allows. Raises SpaceError where nothing is left
    or the prior does not fit."""
    if edit.among is not None:
        raise SpaceError(Problem("a number has no choices", f"among={edit.among}"))
    if edit.sets_prior:
        record = replace(record, prior=edit.prior, confidence=edit.confidence)  # type: ignore[arg-type]
    for name, bound, ref in (
        ("lower", edit.lower, record.lower_ref),
        ("upper", edit.upper, record.upper_ref),
    ):
        if bound is not None and ref is not None:
            raise _is_parameter(name, bound)
    lower = record.lower if edit.lower is None else max(record.lower, edit.lower)
    upper = record.upper if edit.upper is None else min(record.upper, edit.upper)
    if edit.legal is not None:
        record = replace(record, legal=edit.legal)
    return _within(record, lower, upper)


def edited_choice(record: ChoiceRecord, edit: Edit, size: int) -> ChoiceRecord:
    """The record of a choice among `size` branches under an edit, as far as its definition allows.
    Raises SpaceError where nothing is left or the prior does not fit."""
    if edit.lower is not None or edit.upper is not None:
        raise SpaceError(Problem("a choice has no bounds", f"lower={edit.lower}, upper={edit.upper}"))
    if edit.sets_prior:
        record = replace(record, prior=edit.prior, confidence=edit.confidence)  # type: ignore[arg-type]
    open_ = record.open(size)
    given = open_ if edit.among is None else edit.among
    among = tuple(i for i in open_ if i in given)
    if not among:
        raise SpaceError(Problem("a choice must be left", f"among={given}, in the definition among={open_}"))
    return with_open(record, among, size)


def with_bounds(record: NumberRecord, lower: float | None, upper: float | None) -> NumberRecord:
    """The record with narrower bounds, inclusive; None leaves one as it is.

    On a grid the lower bound moves up to the next grid point. Raises SpaceError for what is no bound
    within the old ones, where no value is left, and where a point prior lies outside.
    """
    for name, bound, ref in (("lower", lower, record.lower_ref), ("upper", upper, record.upper_ref)):
        if bound is not None and ref is not None:
            raise _is_parameter(name, bound)
    kind = Integer if record.integer else Float
    given = kind(record.lower if lower is None else lower, record.upper if upper is None else upper)
    assert isinstance(given.lower, (int, float)), "bounds are numbers here"
    assert isinstance(given.upper, (int, float)), "bounds are numbers here"
    if given.lower < record.lower or given.upper > record.upper:
        got = f"lower={given.lower}, upper={given.upper}, was lower={record.lower}, upper={record.upper}"
        raise SpaceError(Problem("new bounds must lie within the old ones", got))
    return _within(record, given.lower, given.upper)


def _is_parameter(name: str, bound: object) -> SpaceError:
    rule = "a bound that is a parameter is narrowed by narrowing that parameter"
    return SpaceError(Problem(rule, f"{name}={bound!r}"))


def _within(record: NumberRecord, lower: float, upper: float) -> NumberRecord:
    asked = lower
    if record.step is not None and lower > record.lower:
        lower = _grid_point(record, lower)
    if lower > upper:
        got = f"lower={asked}, upper={upper}" + ("" if record.step is None else f", step={record.step}")
        raise SpaceError(Problem("a value must be left", got))
    prior, default = record.prior, record.default
    if isinstance(prior, (int, float)) and not lower <= prior <= upper:
        rule = f"a point prior must lie within the bounds {_TAKE_AWAY}"
        raise SpaceError(Problem(rule, f"prior={prior}, lower={lower}, upper={upper}"))
    if default is not None and not lower <= default <= upper:
        default = None
    return _checked_number(replace(record, lower=lower, upper=upper, default=default))


def _grid_point(record: NumberRecord, lower: float) -> float:
    """The first grid point from `lower` on, infinite where there is none."""
    scale = record.scale(record.lower, record.upper)
    k = scale.index(lower)
    if scale.grid(k) < lower and not math.isclose(scale.grid(k), lower, rel_tol=1e-12):
        k += 1
    return scale.grid(k) if k < scale.points else math.inf


def _checked_number(record: NumberRecord) -> NumberRecord:
    kind = Integer if record.integer else Float
    # a grid between bounds that are drawn has no fixed points
    step = record.step if record.lower_ref is None and record.upper_ref is None else None
    made = kind(
        record.lower, record.upper, record.log, record.log_base, record.prior, record.confidence,
        record.default, step=step,
    )  # fmt: skip
    fields: dict[str, Any] = {"lower": made.lower, "upper": made.upper, "prior": made.prior}
    return replace(record, **fields, confidence=made.prior_confidence, default=made.default)


def with_open(record: ChoiceRecord, among: tuple[int, ...], size: int) -> ChoiceRecord:
    """The record of a choice among `size` branches of which only those in `among` are open.

    Raises SpaceError where an index prior is closed, or no open branch has a weight.
    """
    prior = record.prior
    if isinstance(prior, int) and 0 <= prior < size and prior not in among:
        rule = f"an index prior must be an open choice {_TAKE_AWAY}"
        raise SpaceError(Problem(rule, f"prior={prior}, among={among}"))
    if isinstance(prior, Weights) and len(prior.values) == size and not any(prior.values[i] for i in among):
        rule = f"an open choice must have a weight > 0 {_TAKE_AWAY}"
        raise SpaceError(Problem(rule, f"{prior!r}, among={among}"))
    default = record.default if record.default in among else None
    return _checked_choice(replace(record, among=among, default=default), size)


def _checked_choice(record: ChoiceRecord, size: int | None) -> ChoiceRecord:
    if record.ordered and record.prior is not None:
        raise SpaceError(Problem(PRIOR_RULE, f"an Ordinal, prior={record.prior!r}"))
    # choices of this number, for the checks alone
    if record.ordered:
        assert size is not None, "an Ordinal has choices of its own"
        ordinal = Ordinal(range(size), record.default, among=record.among)
        return replace(record, default=ordinal.default, among=ordinal.among)
    choices: Sequence[Any] | Node = ByName("choices") if size is None else range(size)
    made = Categorical(choices, record.prior, record.confidence, record.default, among=record.among)
    return replace(
        record, prior=made.prior, confidence=made.prior_confidence, default=made.default, among=made.among
    )


def number_with_prior(
    record: NumberRecord, prior: Prior | None, confidence: Confidence | None
) -> NumberRecord:
    """The record with another prior; None takes it away. Raises SpaceError as the parameter does."""
    fields: dict[str, Any] = {"prior": prior, "confidence": confidence}
    return _checked_number(replace(record, **fields))


def choice_with_prior(
    record: ChoiceRecord, prior: Prior | None, confidence: Confidence | None, size: int | None
) -> ChoiceRecord:
    """The record of a choice among `size` branches (None: as many as a provider gives) with another
    prior; None takes it away. Raises SpaceError as the parameter does, and for an Ordinal."""
    fields: dict[str, Any] = {"prior": prior, "confidence": confidence}
    return _checked_choice(replace(record, **fields), size)


def difference(old: NumberRecord | ChoiceRecord, new: NumberRecord | ChoiceRecord) -> Edit | None:
    """The edit that makes the new record of the old one, None where they are the same."""
    edit = Edit()
    if (old.prior, old.confidence) != (new.prior, new.confidence):
        edit = Edit(sets_prior=True, prior=new.prior, confidence=new.confidence)
    match new:
        case NumberRecord(lower=lower, upper=upper):
            assert isinstance(old, NumberRecord), "an edit never changes the kind"
            edit = replace(
                edit,
                lower=None if old.lower == lower else lower,
                upper=None if old.upper == upper else upper,
            )
        case ChoiceRecord(among=among):
            assert isinstance(old, ChoiceRecord), "an edit never changes the kind"
            edit = replace(edit, among=None if old.among == among else among)
        case _:
            assert_never(new)
    return None if edit == Edit() else edit


def edit_text(edit: Edit) -> str:
    """An edit for people: `lower=1, upper=3, no prior`."""
    pairs = (("lower", edit.lower), ("upper", edit.upper), ("among", edit.among))
    parts = [f"{name}={value!r}" for name, value in pairs if value is not None]
    if edit.sets_prior:
        parts.append("no prior" if edit.prior is None else f"prior={edit.prior!r}")
    if edit.confidence is not None:
        parts.append(f"prior_confidence={edit.confidence.value!r}")
    return ", ".join(parts)


def edit_to_document(edit: Edit) -> dict[str, Any]:
    """An edit as JSON data: the key `prior` is there where the edit sets it, null where it takes it away."""
    bounds = {k: v for k, v in (("lower", edit.lower), ("upper", edit.upper)) if v is not None}
    among = {} if edit.among is None else {"among": list(edit.among)}
    prior = {"prior": write_prior(edit.prior)} if edit.sets_prior else {}
    level = {} if edit.confidence is None else {"prior_confidence": edit.confidence.value}
    return bounds | among | prior | level


def edit_from_document(written: Any, address: str) -> Edit:
    """The inverse of `edit_to_document`. Raises FormatError for anything else; whether the edit fits is
    known once the space is made."""
    known = ("lower", "upper", "among", "prior", "prior_confidence")
    if not isinstance(written, dict) or not written or any(k not in known for k in written):
        raise FormatError(
            Problem(f"an edit must hold some of {', '.join(known)}", repr(written)[:60], address)
        )
    for name in ("lower", "upper"):
        if name in written and type(written[name]) not in (int, float):
            raise FormatError(Problem(f"{name} must be a number", repr(written[name])[:60], address))
    among = written.get("among")
    if "among" in written and (not isinstance(among, list) or any(type(i) is not int for i in among)):
        raise FormatError(Problem("among must be a list of indices", repr(among)[:60], address))
    try:
        prior = read_prior(written.get("prior"))
    except SpaceError as e:
        raise FormatError(Problem(p.rule, p.got, address) for p in e.problems) from e
    return Edit(
        written.get("lower"), written.get("upper"), None if among is None else tuple(among),
        "prior" in written, prior, confidence_of(written.get("prior_confidence")),
    )  # fmt: skip


def write_prior(prior: float | Normal | Beta | Weights | None) -> Any:
    """A prior as JSON data."""
    match prior:
        case Normal(mean=mean, deviation=deviation):
            return {"kind": "normal", "mean": mean, "deviation": deviation}
        case Beta(alpha=alpha, beta=beta):
            return {"kind": "beta", "alpha": alpha, "beta": beta}
        case Weights(values=values):
            return {"kind": "weights", "values": list(values)}
        case _:
            return prior


def read_prior(written: Any) -> Any:
    """The inverse of `write_prior`. Raises FormatError for an unknown kind."""
    if not isinstance(written, dict):
        return written
    match written["kind"]:
        case "normal":
            return Normal(written["mean"], written["deviation"])
        case "beta":
            return Beta(written["alpha"], written["beta"])
        case "weights":
            return Weights(tuple(written["values"]))
        case kind:
            raise FormatError(Problem("the kind of a prior must be normal, beta or weights", repr(kind)))
