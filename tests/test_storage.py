"""Spaces in files: the law of saving and loading, ConfigSpace's view of a file, what is refused and how."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ConfigSpace import ConfigurationSpace, EqualsCondition
from hypothesis import given
from making import space
from strategies import TRUST, Built, gather
from test_laws import DEPTH, WHOLE_LANGUAGE, Grammar, Net

import neps_cs as neps
from neps_cs.cli import main
from neps_cs.losses import LossKind
from neps_cs.storage import load_lacks

GOLDEN = Path(__file__).parent / "golden" / "net.json"


def check_file(made: neps.PipelineSpace, path: Path) -> None:
    lacks = neps.save_space(made, path, max_depth=DEPTH)
    text = path.read_bytes().decode("ascii")
    assert json.loads(text)["neps_cs"]["version"] == 1
    read = neps.load_space(path, trust=TRUST)
    assert neps.equal(read, made)
    assert read.graph.name == made.graph.name
    assert load_lacks(path) == lacks
    if any(loss.kind is LossKind.UNTRANSLATED for loss in lacks):
        with pytest.raises(neps.ConversionError):
            neps.to_configspace(made, max_depth=DEPTH)
        with pytest.raises(ValueError, match="this space has no ConfigurationSpace"):
            ConfigurationSpace.from_json(path)
        return
    translation = neps.to_configspace(made, max_depth=DEPTH)
    assert ConfigurationSpace.from_json(path) == translation.configspace
    assert set(translation.beside) <= set(lacks)


@given(WHOLE_LANGUAGE)
def test_a_saved_space_comes_back(made: neps.PipelineSpace) -> None:
    """Law 1 through files; ConfigSpace reads its part of the very file, or refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        check_file(made, Path(folder) / "space.json")


@pytest.mark.parametrize("make", [Net, Grammar])
def test_a_saved_space_comes_back_plain(make: Callable[[], neps.PipelineSpace], tmp_path: Path) -> None:
    """Law 1 through files on spaces written by hand."""
    check_file(make(), tmp_path / "space.json")


def test_what_a_file_keeps_works(tmp_path: Path) -> None:
    """A space that was read samples as the one that was saved does, operators called."""
    neps.save_space(Net(), tmp_path / "space.json")
    read = neps.load_space(str(tmp_path / "space.json"), trust=TRUST)
    config, pipeline = Net().sample(3)
    assert read.sample(3) == (config, pipeline)
    assert isinstance(pipeline["block"], Built)


def test_conditions_meta_and_odd_text_survive(tmp_path: Path) -> None:
    """Law 1 through files for what the strategies make seldom."""
    made = neps.PipelineSpace.from_attributes(
        {"é:\ud800": neps.Integer(0, 9, meta={"unit": "a"}), "y": neps.Float(0, 1)},
        conditions={"y": neps.Or((neps.Equals("é:\ud800", 3), neps.Greater("é:\ud800", 7)))},
        name="Ünï",
    )
    check_file(made, tmp_path / "space.json")
    made = space(x=neps.Integer(0, 9, meta={"unit": ("a", 1), 2: None}))
    neps.save_space(made, tmp_path / "space.json")
    assert neps.load_space(tmp_path / "space.json").attributes["x"].meta == {"unit": ("a", 1), 2: None}
    # ConfigSpace's JSON knows neither
    (there,) = ConfigurationSpace.from_json(tmp_path / "space.json").values()
    assert there.meta == {"unit": ["a", 1], "2": None}


def test_the_format_stays() -> None:
    """A file of today is read by every later version, and today's text is that of the golden file.

    ConfigSpace's version stands in its part, so that part's digest is left out.
    """

    def without_version(text: str) -> Any:
        document = json.loads(text)
        del document["python_module_version"]
        del document["neps_cs"]["digests"]["configspace"]
        return document

    assert neps.equal(neps.load_space(GOLDEN, trust=TRUST), Net())
    assert len(ConfigurationSpace.from_json(GOLDEN)) == 11
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.json"
        neps.save_space(Net(), path)
        golden = GOLDEN.read_text(encoding="ascii")
        assert json.dumps(without_version(path.read_text())) == json.dumps(without_version(golden))


def test_a_recursive_space_without_max_depth(tmp_path: Path) -> None:
    """It is saved whole; ConfigSpace names what stands where its part would."""
    path = tmp_path / "space.json"
    lacks = neps.save_space(Grammar(), path)
    assert [(loss.address, loss.kind) for loss in lacks] == [("Grammar", LossKind.UNTRANSLATED)]
    assert lacks[0].reason == (
        "a recursive space needs max_depth to become finite, got max_depth=None, recursion by tree"
    )
    assert neps.load_space(path, trust=TRUST) == Grammar()
    with pytest.raises(ValueError, match=r"of neps_cs: .* read it with neps_cs\.load_space"):
        ConfigurationSpace.from_json(path)


def test_recursion_below_max_depth_is_lacking(tmp_path: Path) -> None:
    """The file says how deep ConfigSpace's part goes, and that the space goes on."""
    path = tmp_path / "space.json"
    lacks = neps.save_space(Grammar(), path, max_depth=2)
    reason = "recursion goes on below max_depth=2"
    assert neps.Loss("Grammar", LossKind.DEPTH, reason, "branches that end") in lacks
    assert json.loads(path.read_text())["neps_cs"]["max_depth"] == 2
    assert not any(loss.kind is LossKind.DEPTH for loss in neps.save_space(Net(), path, max_depth=2))


def test_meta_that_is_no_json(tmp_path: Path) -> None:
    """ConfigSpace can't write it; our part holds it."""
    made = space(x=neps.Integer(0, 9, meta={"f": gather}))
    (loss,) = neps.save_space(made, tmp_path / "space.json")
    assert loss.kind is LossKind.UNTRANSLATED
    assert "Object of type function is not JSON serializable" in loss.reason
    assert neps.load_space(tmp_path / "space.json", trust=TRUST) == made


def test_configspace_json_is_read_as_a_flat_space(tmp_path: Path) -> None:
    """A file of ConfigSpace's own."""
    cs = ConfigurationSpace("theirs", space={"a": [1, 2, 3], "b": (0.0, 1.0)})
    cs.add(EqualsCondition(cs["b"], cs["a"], 2))
    cs.to_json(tmp_path / "cs.json")
    read = neps.load_space(tmp_path / "cs.json")
    assert read == neps.from_configspace(cs)
    assert neps.to_configspace(read).configspace == cs


def test_the_space_of_a_run_is_read(tmp_path: Path) -> None:
    """pipeline_space.json holds a space document."""
    neps.run(
        lambda x: x,
        space(x=neps.Float(0, 1)),
        root_directory=tmp_path,
        total_evaluations_to_spend=1,
    )
    assert neps.load_space(tmp_path / "pipeline_space.json") == space(x=neps.Float(0, 1))


def test_operators_stand_in_for_what_can_not_be_imported(tmp_path: Path) -> None:
    """A lambda comes back by a mapping; without it the error names it."""
    made, path = space(f=neps.Categorical((lambda x: x, 1))), tmp_path / "space.json"
    neps.save_space(made, path)
    with pytest.raises(neps.TrustError) as caught:
        neps.load_space(path)
    name = re.search(r"not trusted: (\S+)\.", str(caught.value))
    assert name is not None
    assert neps.load_space(path, operators={name.group(1): made.attributes["f"].choices[0]}) == made


def test_one_package_may_be_trusted_by_its_name(tmp_path: Path) -> None:
    """A string is one package, not its letters."""
    neps.save_space(Net(), tmp_path / "space.json")
    assert neps.load_space(tmp_path / "space.json", trust="strategies") == Net()


# ---------------------------------------------------------------- writing


def test_a_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves the old file and nothing else."""
    path = tmp_path / "space.json"
    neps.save_space(space(x=1), path)
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(neps.StoreError) as caught:
        neps.save_space(Net(), path)
    assert str(caught.value) == f"path must be writable, got No space left on device @ {path}"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_links_and_modes_stay(tmp_path: Path) -> None:
    """A link still is one, and the file may be read as any other."""
    path, link, plain = tmp_path / "space.json", tmp_path / "link.json", tmp_path / "plain"
    path.touch()
    plain.touch()
    link.symlink_to(path)
    neps.save_space(space(x=1), link)
    assert link.is_symlink()
    assert neps.load_space(path) == space(x=1)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` works for both."""
    monkeypatch.setenv("HOME", str(tmp_path))
    neps.save_space(space(x=1), "~/space.json")
    assert neps.load_space("~/space.json") == space(x=1)


# ---------------------------------------------------------------- the command


def test_the_command_shows_a_file(tmp_path: Path) -> None:
    """The tree of the space and the table of what ConfigSpace's part lacks; nothing is imported."""
    path = tmp_path / "space.json"
    neps.save_space(Net(), path)
    path.write_text(path.read_text().replace("strategies:gather", "nowhere:gather"))
    document = json.loads(path.read_text())
    path.write_text(json.dumps({"neps_cs": document["neps_cs"]}))
    result = CliRunner().invoke(main, ["show", str(path)])
    assert result.exit_code == 0, result.output
    assert "└── w: → _width, resampled" in result.output
    assert "epochs    fidelity" in re.sub(" +", "    ", result.output)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["show", str(tmp_path / "none.json")])
    assert result.exit_code == 1
    assert result.output == f"Error: path must be a file, got nothing there @ {tmp_path / 'none.json'}\n"
