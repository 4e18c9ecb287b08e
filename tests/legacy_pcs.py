"""Texts of .pcs files, and what reads them."""

from __future__ import annotations

import warnings

import ConfigSpace as CS
import pytest

from neps_cs.errors import FormatError
from neps_cs.space import PipelineSpace
from neps_cs_converters.legacy.pcs import read

BASE = """
a {x, y} [x]
i integer [1, 9] [3] log
r [0, 1] [0.25]
o ordinal {1, 2, 10} [2]
w ordinal {low, mid, high} [low]
"""


CLASSIC = "a {x, y, z} [y]\nb {p, q} [p]\ni [1, 64] [8]il\nr [0.001, 1] [0.1]l\nu [0, 1] [0.25]\n"


NEW = (
    "a categorical {x, y, z} [y]\nb categorical {p, q} [p]\ni integer [1, 64] [8] log\n"
    "r real [0.001, 1] [0.1] log\nu real [0, 1] [0.25]\no ordinal {1, 2, 3} [2]\n"
)


def space(text: str) -> PipelineSpace:
    return read(text, "f.pcs").space


def problems(text: str) -> list[str]:
    with pytest.raises(FormatError) as e:
        read(text, "f.pcs")
    return str(e.value).splitlines()


def read_by_configspace(text: str, *, new: bool) -> CS.ConfigurationSpace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ConfigSpace.read_and_write import pcs, pcs_new

        return (pcs_new if new else pcs).read(text.splitlines())
