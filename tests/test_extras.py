"""A function of a bridge whose package is not installed: the message says what installs it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import neps_cs as neps
from neps_cs_converters.extras import needs

SPACE = neps.PipelineSpace.from_attributes({"lr": neps.Float(0, 1)})

# module, function, call, package that it needs
CALLS: list[tuple[str, str, Callable[[Any], Any], str]] = [
    ("optuna", "suggest", lambda f: f(None, SPACE), "optuna"),
    ("optuna", "to_optuna", lambda f: f(SPACE), "optuna"),
    ("optuna", "from_optuna", lambda f: f({"a": 1}), "optuna"),
    ("smac", "to_scenario", lambda f: f(SPACE, n_trials=3), "smac"),
]


@pytest.mark.parametrize(("module", "name", "call", "package"), CALLS, ids=[c[1] for c in CALLS])
def test_a_missing_package_is_named_with_its_extra(
    module: str, name: str, call: Callable[[Any], Any], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = getattr(importlib.import_module(f"neps_cs_converters.{module}"), name)
    for loaded in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        call(function)
    assert str(caught.value) == (
        f"{name} needs the package {package}; install it with: pip install 'neps_cs[{package}]'"
    )


@pytest.mark.parametrize("name", ["to_neps", "from_neps", "neps_optimizer", "as_neps_optimizer"])
def test_names_that_need_the_neps_package(name: str) -> None:
    program = f"import sys; sys.modules['neps'] = None; from neps_cs_converters.neps import {name}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    text = f"{name} needs the package neps; install it with: pip install 'neps_cs[neps]'"
    assert done.stderr.rstrip().endswith(f"ModuleNotFoundError: {text}")


def test_other_modules_that_are_missing_keep_their_error() -> None:
    @needs("optuna", "optuna")
    def made() -> None:
        importlib.import_module("not_there")

    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'not_there'$"):
        made()
