"""The demo as a newcomer runs it, only shorter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from neps_cs.cli import main

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

for package in ("torch", "smac", "sklearn", "matplotlib"):
    pytest.importorskip(package)


def test_the_demo_shows_all_and_gives_the_same_figures_each_time(tmp_path: Path) -> None:
    outputs = []
    for _ in range(2):  # the second replaces the first
        result = CliRunner().invoke(
            main, ["demo", "--evaluations", "4", "--directory", str(tmp_path / "demo"), "--seed", "2"]
        )
        assert result.exit_code == 0, result.output
        outputs.append(re.sub(r"\d:\d\d:\d\d", "", result.output))
    assert outputs[0] == outputs[1]
    text = outputs[0]
    assert "├── epochs: IntegerFidelity(1, 9)" in text
    assert "_blocks:1:0:0 | _blocks:count > 1" in text
    errors = [float(x) for x in re.findall(r"(\d+\.\d\d) %", text)]
    assert len(errors) == 3
    assert all(0 < e < 60 for e in errors)
    picture = (tmp_path / "demo" / "trajectories.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000
    assert (tmp_path / "demo/pipeline_space/configs/config_4/report.yaml").exists()
    assert (tmp_path / "demo/configspace/configs/config_4/report.yaml").exists()


def test_help_and_version() -> None:
    assert "Search a torch architecture space" in CliRunner().invoke(main, ["demo", "-h"]).output
    assert CliRunner().invoke(main, ["--version"]).output.startswith("neps-cs, version ")
    assert CliRunner().invoke(main, ["demo", "--evaluations", "0"]).exit_code == 2
