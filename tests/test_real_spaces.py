"""Spaces that other people wrote, as ConfigSpace reads them. They lie beside the checkout, or nowhere."""

from __future__ import annotations

import warnings
from pathlib import Path

import ConfigSpace as CS
import pytest
from test_configspace import check_law_3, check_law_5

FOLDER = Path(__file__).parents[2] / "shared" / "real_spaces"
FILES = sorted(f for kind in ("json_*", "pcs_*") for f in FOLDER.glob(f"{kind}/*"))


def read(file: Path) -> CS.ConfigurationSpace:
    """By ConfigSpace itself; skips what it can't read."""
    with warnings.catch_warnings():  # of old formats
        warnings.simplefilter("ignore")
        try:
            if file.suffix == ".json":
                return CS.ConfigurationSpace.from_json(file)
            from ConfigSpace.read_and_write import pcs, pcs_new  # warns that it is deprecated

            lines = file.read_text(encoding="utf-8").splitlines()
            return (pcs_new if file.parent.name == "pcs_new" else pcs).read(lines)
        except Exception as e:
            pytest.skip(f"ConfigSpace does not read it: {e}")


@pytest.mark.skipif(not FILES, reason="there are none beside this checkout")
@pytest.mark.parametrize("file", FILES, ids=[f.name for f in FILES])
def test_real_spaces_come_back_as_they_were(file: Path) -> None:
    """Laws 3 and 5."""
    cs = read(file)
    check_law_3(cs)
    check_law_5(cs, seed=1)
