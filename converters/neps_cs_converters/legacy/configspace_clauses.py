"""Conditions and forbidden clauses of a JSON document of ConfigSpace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neps_cs.conditions import And, Condition, Equals, Greater, In, Less, NotEquals, Or
from neps_cs.forbidden import Clause, GreaterEqual, LessEqual, Relation
from neps_cs.parameters import Categorical, Float, Integer, Ordinal
from neps_cs.structure import Lazy
from neps_cs.values import shown
from neps_cs_converters.legacy.draft import MAX_NESTING, Draft, Positions, Where
from neps_cs_converters.legacy.numbers import whole

_NOTHING = object()
"""No value, where None is one."""

_LITERALS: Mapping[str, Any] = {"EQ": Equals, "NEQ": NotEquals, "LT": Less, "GT": Greater}
_CLAUSES: Mapping[str, Any] = {
    "EQUALS": Equals, "CLAUSE_LT": Less, "CLAUSE_LE": LessEqual, "CLAUSE_GT": Greater,
    "CLAUSE_GE": GreaterEqual,
}  # fmt: skip
_RELATIONS = {
    "RELATION_LT": "<", "RELATION_LE": "<=", "RELATION_EQ": "==", "RELATION_GE": ">=", "RELATION_GT": ">",
}  # fmt: skip
_LAMBDAS = {"LESS": "<", "EQUALS": "==", "GREATER": ">", "LT": "<", "EQ": "==", "GT": ">"}
"""0.6 and 0.7 wrote the first three, 1.0 the others."""

_ORDERED = (Less, LessEqual, Greater, GreaterEqual)


@dataclass(frozen=True)
class Clauses:
    """Reads rows into a draft whose parameters are known. `conditional` are the parameters with conditions,
    on which ConfigSpace 1.x takes NotEquals for true while they are inactive; empty for older files."""

    draft: Draft
    conditional: frozenset[str]

    def condition(self, row: Any, path: Where) -> None:
        """One row of `conditions`."""
        child, condition = self._condition(row, path, 0)
        if child is not None and condition is not None:
            self.draft.condition(child, condition, path)

    def _condition(self, row: Any, path: Where, depth: int) -> tuple[str | None, Condition | None]:
        if not self._is_row(row, path, depth):
            return None, None
        kind = row.get("type")
        if kind in ("AND", "OR"):
            return self._conjunction(row, path, depth)
        if not isinstance(kind, str) or (kind not in _LITERALS and kind != "IN"):
            rule = f"the type of a condition must be {', '.join(_LITERALS)}, IN, AND or OR"
            self.draft.problem(rule, f"type={shown(kind)}", (*path, "type"))
            return None, None
        child = self._name(row, "child", path, "the child of a condition must be a parameter of the file")
        parent = self._name(row, "parent", path, "the parent of a condition must be a parameter of the file")
        if child is None or parent is None:
            return child, None
        make = In if kind == "IN" else _LITERALS[kind]
        if make is NotEquals:
            value = self._value(parent, row, path, exact=False)
            holds = parent in self.conditional
            return child, None if value is _NOTHING else NotEquals(parent, value, holds)
        return child, self._literal(make, parent, row, path, exact=False)

    def _conjunction(self, row: Any, path: Where, depth: int) -> tuple[str | None, Condition | None]:
        rows = row.get("conditions")
        if not isinstance(rows, list) or not rows:
            rule = "AND and OR must have conditions: a list that is not empty"
            self.draft.problem(rule, shown(rows), (*path, "conditions"))
            return None, None
        read = [self._condition(r, (*path, "conditions", i), depth + 1) for i, r in enumerate(rows)]
        children = {c for c, _ in read if c is not None}
        named = row.get("child")
        if len(children) == 1 and isinstance(named, str) and named not in children:
            taken = f"{next(iter(children))}, the child of its parts, as ConfigSpace does"
            self.draft.note((*path, "child"), f"the child of a conjunction is {named}", taken)
        if len(children) > 1:
            rule = "all parts of a condition must have one child"
            self.draft.problem(rule, ", ".join(sorted(children)), path)
            return None, None
        parts = tuple(c for _, c in read if c is not None)
        if len(parts) < len(rows) or not children:
            return None, None
        return children.pop(), And(parts) if row["type"] == "AND" else Or(parts)

    def forbidden(self, row: Any, path: Where) -> None:
        """One row of `forbiddens`."""
        clause = self._clause(row, path, 0)
        if clause is not None:
            self.draft.forbid(clause, path)

    def _clause(self, row: Any, path: Where, depth: int) -> Clause | None:
        if not self._is_row(row, path, depth):
            return None
        kind = row.get("type")
        if kind in ("AND", "OR"):
            return self._clauses(row, path, depth)
        if kind == "RELATION" or (isinstance(kind, str) and kind in _RELATIONS):
            return self._relation(row, path)
        if not isinstance(kind, str) or (kind not in _CLAUSES and kind != "IN"):
            rule = f"the type of a clause must be {', '.join((*_CLAUSES, 'IN', 'AND', 'OR', *_RELATIONS))}"
            self.draft.problem(f"{rule} or RELATION", f"type={shown(kind)}", (*path, "type"))
            return None
        name = self._name(row, "name", path, "a forbidden clause must be on a parameter of the file")
        if name is None:
            return None
        make = In if kind == "IN" else _CLAUSES[kind]
        clause: Clause | None = self._literal(make, name, row, path, exact=True)
        return clause

    def _clauses(self, row: Any, path: Where, depth: int) -> Clause | None:
        rows = row.get("clauses")
        if not isinstance(rows, list) or not rows:
            rule = "AND and OR must have clauses: a list that is not empty"
            self.draft.problem(rule, shown(rows), (*path, "clauses"))
            return None
        read = [self._clause(r, (*path, "clauses", i), depth + 1) for i, r in enumerate(rows)]
        parts = tuple(c for c in read if c is not None)
        if len(parts) < len(rows):
            return None
        return And(parts) if row["type"] == "AND" else Or(parts)

    def _relation(self, row: Any, path: Where) -> Clause | None:
        rule = "a forbidden relation must be between parameters of the file"
        left, right = (self._name(row, side, path, rule) for side in ("left", "right"))
        operator = _RELATIONS.get(row["type"])
        if operator is None:
            word = row.get("lambda")
            operator = _LAMBDAS.get(word) if isinstance(word, str) else None
            if operator is None:
                known = f"the lambda of a relation must be one of {', '.join(_LAMBDAS)}"
                self.draft.problem(known, shown(word), (*path, "lambda"))
        if left is None or right is None or operator is None:
            return None
        return Relation(left, operator, right)

    def _literal(self, make: Any, name: str, row: Any, path: Where, *, exact: bool) -> Any:
        if make in _ORDERED and not isinstance(self.draft.attributes[name], (Float, Integer, Ordinal)):
            rule = "only numbers and ordinals are less or greater than a value"
            self.draft.problem(rule, repr(name), path)
            return None
        if make is not In:
            value = self._value(name, row, path, exact=exact)
            return None if value is _NOTHING else make(name, value)
        given = row.get("values")
        if not isinstance(given, list) or not given:
            rule = "IN must have values: a list that is not empty"
            self.draft.problem(rule, shown(given), (*path, "values"))
            return None
        values = [self._held(name, v, (*path, "values", i), exact=exact) for i, v in enumerate(given)]
        return None if _NOTHING in values else In(name, tuple(values))

    def _value(self, name: str, row: Any, path: Where, *, exact: bool) -> Any:
        if "value" not in row:
            self.draft.problem("a comparison must have a value", "none", path)
            return _NOTHING
        return self._held(name, row["value"], (*path, "value"), exact=exact)

    def _held(self, name: str, value: Any, path: Where, *, exact: bool) -> Any:
        """A value as a config holds it, `_NOTHING` where the parameter can't have it. `exact`: a number
        stays 2 or 2.0 as it is, ConfigSpace sorts clauses by their text."""
        attribute, found = self.draft.attributes[name], _NOTHING
        match attribute:
            case Integer() | Float():
                found = self._number(name, attribute, value, exact=exact)
            case Categorical() | Ordinal():
                at = self.draft.position(name, value)
                found = _NOTHING if at is None else self.draft.names_of(name)[at]
            case Lazy():
                found = _NOTHING
            case _:
                found = attribute if Positions([attribute]).of(value) is not None else _NOTHING
        if found is _NOTHING:
            rule = "a comparison must be with a value that the parameter can have"
            self.draft.problem(rule, f"{shown(value)} for {name!r}", path)
        return found

    def _number(self, name: str, number: Integer | Float, value: Any, *, exact: bool) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < float("inf"):
            return _NOTHING
        inside = number.lower <= value <= number.upper  # type: ignore[operator]
        if not inside and name not in self.draft.free:
            return _NOTHING
        if isinstance(number, Integer) and whole(value) is None:
            return _NOTHING
        if exact:
            return value
        return int(value) if isinstance(number, Integer) else float(value)

    def _name(self, row: Any, key: str, path: Where, rule: str) -> str | None:
        name = row.get(key)
        if not isinstance(name, str):
            self.draft.problem(rule, f"{key}={shown(name)}", (*path, key))
            return None
        return name if self.draft.knows(name, (*path, key), rule) else None

    def _is_row(self, row: Any, path: Where, depth: int) -> bool:
        if depth > MAX_NESTING:
            rule = f"conditions and clauses must nest at most {MAX_NESTING} levels deep"
            self.draft.problem(rule, "more", path)
            return False
        if not isinstance(row, Mapping):
            self.draft.problem("a condition or clause must be an object", shown(row), path)
            return False
        return True
