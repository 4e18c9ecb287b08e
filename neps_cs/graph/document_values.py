"""Value ⇄ JSON data: `write_value` and `ValueReader.value`, inverses side by side.

What JSON can't hold is written as an object with the key `$`:

| value | written as |
|---|---|
| a function, a class | its import path; one that can't be imported (a lambda) adds a digest of what it says |
| a Python module | its name |
| a functools.partial | its function and arguments |
| a bound method | its owner's text and its name |
| NaN, infinities, bytes | their text |
| an integer of more digits than Python writes out | its hexadecimal text |
| any other object | its class and its repr, memory addresses left out |

Reading imports nothing unless its path begins with a trusted package or is in `operators`.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import importlib
import math
import sys
import types
from collections.abc import Mapping
from typing import Any

from neps_cs.errors import FormatError, Problem, TrustError
from neps_cs.values import WRITTEN_BITS, object_text


def import_path(value: Any) -> str | None:
    """`module:qualified.name` of a function or class, or None where it has no such name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    is_named = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)) or (
        callable(value) and isinstance(name, str)
    )
    return f"{module}:{name}" if is_named and isinstance(module, str) and isinstance(name, str) else None


def write_value(value: Any) -> Any:
    """A value as JSON data: see the table above. Never raises."""
    if type(value) is int and value.bit_length() > WRITTEN_BITS:
        return {"$": "int", "value": hex(value)}
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
    if type(value) is bytes:
        return {"$": "bytes", "value": value.hex()}
    if type(value) in (tuple, list):
        return {"$": type(value).__name__, "items": [write_value(v) for v in value]}
    if type(value) is dict:
        return {"$": "dict", "items": [[write_value(k), write_value(v)] for k, v in value.items()]}
    if isinstance(value, types.ModuleType):
        return {"$": "module", "name": value.__name__}
    if type(value) is functools.partial:
        parts = {"func": value.func, "args": value.args, "kwargs": dict(value.keywords)}
        return {"$": "partial"} | {k: write_value(v) for k, v in parts.items()}
    owner = getattr(value, "__self__", None) if isinstance(value, _METHODS) else None
    if owner is not None and not isinstance(owner, types.ModuleType):
        name = f"{object_text(owner)}.{value.__name__}"
        return {"$": "object", "path": f"{type(owner).__module__}:{type(owner).__qualname__}", "text": name}
    path = import_path(value)
    if path is None:
        kind = type(value)
        return {"$": "object", "path": f"{kind.__module__}:{kind.__qualname__}", "text": object_text(value)}
    if "<" in path and isinstance(value, types.FunctionType):
        return {"$": "function", "path": path, "code": _function_digest(value)}
    return {"$": "import", "path": path}


def _function_digest(function: types.FunctionType) -> str:
    """What a function without an import path says, not how this Python compiles it: the names and
    constants in it, its operators, defaults, and the plain values that it closes over."""
    cells = (c.cell_contents if _is_filled(c) else None for c in function.__closure__ or ())
    outside = [function.__defaults__, function.__kwdefaults__, *cells]
    text = repr((_code_text(function.__code__), [write_value(v) for v in outside]))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a variable that has no value yet
        return False


def _constant_text(constant: object) -> str:
    if isinstance(constant, frozenset):  # its order changes from process to process
        return f"frozenset({sorted(map(repr, constant))})"
    return _code_text(constant) if isinstance(constant, types.CodeType) else repr(constant)


def _code_text(code: types.CodeType) -> str:
    constants = [_constant_text(c) for c in code.co_consts]
    operators = [
        i.argrepr or i.opname
        for i in dis.get_instructions(code)
        if i.opname.startswith(("BINARY_", "UNARY_", "INPLACE_", "COMPARE_", "IS_OP", "CONTAINS_OP"))
    ]
    return repr((code.co_names, code.co_varnames, code.co_freevars, constants, operators))


_METHODS = (types.MethodType, types.BuiltinMethodType)


class ValueReader:
    """Reads values; collects the import paths that were refused, to name them all."""

    def __init__(self, trust: frozenset[str], operators: Mapping[str, Any]) -> None:
        self.trust, self.operators, self.refused = trust, operators, dict[str, None]()

    def value(self, written: Any) -> Any:
        """The inverse of `write_value`; None where a path is refused. Raises FormatError."""
        if not isinstance(written, dict):
            if written is None or isinstance(written, (bool, int, float, str)):
                return written
            raise FormatError(
                Problem("a value must be plain or an object with the key $", repr(written)[:60])
            )
        match written["$"]:
            case "float":
                return float(written["value"])
            case "int":
                return int(written["value"], 16)
            case "bytes":
                return bytes.fromhex(written["value"])
            case "tuple":
                return tuple(self.value(v) for v in written["items"])
            case "list":
                return [self.value(v) for v in written["items"]]
            case "dict":
                return {self.value(k): self.value(v) for k, v in written["items"]}
            case "partial":
                function, args = self.value(written["func"]), self.value(written["args"])
                kwargs = self.value(written["kwargs"])
                return None if self.refused else functools.partial(function, *args, **kwargs)
            case "module":
                return self._named(written["name"], "")
            case "import":
                module, _, name = written["path"].partition(":")
                return self._named(module, name)
            case "function" | "object":
                key = written["text"] if written["$"] == "object" else written["path"]
                return self._given(str(key), str(written["path"]))
            case other:
                raise FormatError(Problem("$ must be a kind of this format", repr(other)))

    def _given(self, key: str, path: str) -> Any:
        for name in (key, path):
            if name in self.operators:
                return self.operators[name]
        self.refused[key] = None
        return None

    def _named(self, module: str, name: str) -> Any:
        path = f"{module}:{name}" if name else module
        if path in self.operators:
            return self.operators[path]
        if module.partition(".")[0] not in self.trust:
            self.refused[path] = None
            return None
        try:
            found: Any = sys.modules.get(module) or importlib.import_module(module)
            for part in name.split(".") if name else ():
                found = getattr(found, part)
        except Exception as e:  # whatever a module does when it is imported
            raise FormatError(Problem("a trusted path must be importable", f"{path}: {e}")) from e
        # `torch.hub:os.system` would lead out of the trusted package: an object must live where it is named
        if name and import_path(found) != path:
            self.refused[path] = None
            return None
        return found

    def raise_refused(self) -> None:
        """Raise TrustError if any path was refused."""
        if self.refused:
            names = ", ".join(self.refused)
            importable = (
                r.partition(".")[0].partition(":")[0] for r in self.refused if "<" not in r and ":" in r
            )
            packages = sorted(set(importable) - self.trust - {"__main__"})
            example = f"trust={tuple(packages)!r} or " if packages else ""
            raise TrustError(
                f"the file names objects that are not trusted: {names}. "
                f"If you know them, pass {example}operators={{name: object}}"
            )
