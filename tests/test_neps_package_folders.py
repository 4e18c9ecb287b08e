"""Root directories that NePS wrote: finished, interrupted, damaged, hostile."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

neps = pytest.importorskip("neps")

from neps_package import MARKS, NEPS, called, flat, neps_run, shared  # noqa: E402
from strategies import gather  # noqa: E402

import neps_cs  # noqa: E402
from neps_cs.errors import RunError, StoreError  # noqa: E402
from neps_cs_converters.neps import Root, read_root  # noqa: E402

pytestmark = MARKS

RECEIVED: list[dict[str, Any]] = []


def _evaluate_pipeline(**given: Any) -> dict[str, Any]:
    RECEIVED.append(given)
    number = len(RECEIVED)
    if number == 2:
        raise ValueError("this one fails")
    return {"objective_to_minimize": float(number), "cost": 2.0, "info_dict": {"pair": (1, 2), "n": number}}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What NePS wrote: four trials, the second crashed."""
    RECEIVED.clear()
    root = tmp_path_factory.mktemp("neps") / "root"
    neps_run(_evaluate_pipeline, shared(NEPS), root, 4, ignore_errors=True, optimizer="neps_random_search")
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "root"))


def _places(found: Root, root: Path) -> list[str]:
    return [p.place.replace(str(root / "configs") + os.sep, "").partition(":")[0] for p in found.problems]


def test_a_finished_run(root: Path) -> None:
    space = shared(neps_cs)
    found = read_root(root, space)
    assert not found.problems
    assert [t.id for t in found] == ["1", "2", "3", "4"]
    assert [t.state for t in found] == ["success", "crashed", "success", "success"]
    assert called([neps_cs.resolve(space, t.config) for t in found]) == called(RECEIVED)
    first, second = found.trials[:2]
    assert first.result == {"objective_to_minimize": 1.0, "cost": 2.0, "learning_curve": [1.0],
                            "info_dict": {"pair": [1, 2], "n": 1}}  # fmt: skip
    assert first.cost == 2.0
    assert first.sampled <= first.started <= first.ended < time.time()
    assert 0 <= first.seconds < 60
    assert first.written == {k: v for k, v in first.written.items() if k.startswith("SAMPLING__")}
    assert (second.result, second.cost, second.error) == (None, None, "this one fails")
    assert 'raise ValueError("this one fails")' in second.traceback
    pairs = found.results()
    assert [config for config, _ in pairs] == [t.config for t in found]
    assert str(pairs[1][1]) == "this one fails"
    assert isinstance(pairs[1][1], Exception)
    assert [result["objective_to_minimize"] for _, result in found.results(failed=False)] == [1.0, 3.0, 4.0]
    assert read_root(root, shared(NEPS)) == found


def test_fidelities_promotions_and_classic_configs(tmp_path: Path) -> None:
    def evaluate_pipeline(lr: float, epochs: int, **others: Any) -> float:
        return lr / epochs

    neps_run(evaluate_pipeline, flat(NEPS), tmp_path / "root", 12, optimizer="asha")
    found = read_root(tmp_path / "root", flat(neps_cs))
    assert not found.problems
    assert len(found) == 12
    by_id = {t.id: t for t in found}
    promoted = [t for t in found if t.previous is not None]
    assert promoted
    for trial in promoted:
        assert (
            by_id[trial.previous].fidelities["epochs"] < trial.fidelities["epochs"] == trial.config["epochs"]
        )
        assert trial.id.partition("_")[0] == trial.previous.partition("_")[0]
    assert all(t.result["objective_to_minimize"] == t.config["lr"] / t.config["epochs"] for t in found)


def test_a_process_that_was_killed(root: Path) -> None:
    (root / "configs/config_4/report.yaml").unlink()
    metadata = json.loads((root / "configs/config_4/metadata.json").read_text())
    metadata |= {"state": "evaluating", "time_end": None, "evaluation_duration": None}
    (root / "configs/config_4/metadata.json").write_text(json.dumps(metadata))
    (root / "configs/config_5").mkdir()  # killed before the config was written
    (root / "configs/config_6").mkdir()
    (root / "configs/config_6/config.yaml").touch()
    found = read_root(root, shared(neps_cs))
    assert [t.id for t in found] == ["1", "2", "3", "4"]
    last = found.trials[3]
    assert (last.state, last.result, last.ended) == ("evaluating", None, None)
    assert len(found.results()) == 3
    assert _places(found, root) == ["config_5/config.yaml", "config_6/config.yaml"]


def test_files_that_are_cut_off(root: Path) -> None:
    for name, size in (
        ("config_1/report.yaml", 40),
        ("config_2/metadata.json", 30),
        ("config_3/config.yaml", 60),
    ):
        path = root / "configs" / name
        path.write_bytes(path.read_bytes()[:size])
    (root / "configs/config_4/metadata.json").unlink()
    found = read_root(root, shared(neps_cs))
    assert [(t.id, t.state) for t in found] == [("1", "unknown"), ("2", "crashed"), ("4", "success")]
    assert _places(found, root) == ["config_1/report.yaml", "config_1", "config_2/metadata.json",
                                    "config_3/config.yaml", "config_4/metadata.json"]  # fmt: skip
    assert found.trials[2].result["objective_to_minimize"] == 4.0
    assert found.trials[2].started is None


@pytest.mark.parametrize("name", ["config", "report"])
def test_a_file_that_is_cut_off_anywhere_never_counts_as_whole(root: Path, name: str) -> None:
    path = root / f"configs/config_1/{name}.yaml"
    data = path.read_bytes()
    for size in range(0, len(data), 3):
        path.write_bytes(data[:size])
        found = read_root(root, shared(neps_cs))
        assert found.problems
        assert len(found.results()) == 3


def test_files_that_are_hostile(root: Path, tmp_path: Path) -> None:
    configs = root / "configs"
    nothing = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(nothing),)

    for name in ("pipeline_space.pkl", "optimizer_state.pkl", "configs/.trial_cache.pkl"):
        (root / name).write_bytes(pickle.dumps(Evil()))
    real = (configs / "config_1/report.yaml").read_text()
    (configs / "config_1/report.yaml").write_text(
        real.replace("n: 1", f"n: !!python/object/apply:os.mkdir ['{nothing}']")
    )
    chain = list(zip("abcdefgh", "bcdefghi", strict=True))
    aliases = {p: ", ".join(f"*{p}" for _ in range(9)) for p, _ in chain}
    bomb = "a: &a [x]\n" + "".join(f"{c}: &{c} [{aliases[p]}]\n" for p, c in chain)
    (configs / "config_2/report.yaml").write_text(bomb)
    (configs / "config_3/report.yaml").write_text("x: " + "[" * 100_000 + "\n")
    merge = "a: &a {k: v}\n" + "".join(f"{c}: &{c} {{<<: [{aliases[p]}]}}\n" for p, c in chain)
    (configs / "config_3/metadata.json").write_text("[" * 100_000)
    (configs / "config_4/report.yaml").write_text(merge)
    for number, make in enumerate((
        lambda p: p.symlink_to(configs / "config_1"),
        lambda p: p.write_text("no folder"),
        lambda p: p.mkdir(),
        lambda p: p.mkdir(),
        lambda p: p.mkdir(),
        lambda p: p.mkdir(),
    ), start=5):  # fmt: skip
        make(configs / f"config_{number}")
    (configs / "config_7/config.yaml").symlink_to("/dev/zero")
    os.mkfifo(configs / "config_8/config.yaml")
    (configs / "config_9/config.yaml").write_bytes(b"a: " + b"x" * 2_000_000)
    (configs / "config_10/config.yaml").write_bytes(b"\xff\xfe\x00")
    (configs / "notes").mkdir()
    start = time.monotonic()
    found = read_root(root, shared(neps_cs))
    assert time.monotonic() - start < 10
    assert not nothing.exists()
    assert [t.id for t in found] == ["1", "2", "3", "4"]
    assert found.trials[0].result["info_dict"] == {"pair": [1, 2], "n": "<os.mkdir>"}
    assert [t.result for t in found.trials[1:]] == [None, None, None]
    said = {place: str(p) for place, p in zip(_places(found, root), found.problems, strict=True)}
    for place, text in (
        ("config_2/report.yaml", "at most 200000 values"), ("config_3/report.yaml", "recursion"),
        ("config_3/metadata.json", "recursion"), ("config_4/report.yaml", "merge keys are not read"),
        ("config_5", "no links"), ("config_6", "no links"), ("config_7/config.yaml", "it is a link"),
        ("config_8/config.yaml", "no plain file"), ("config_9/config.yaml", "larger than 1000000 bytes"),
        ("config_10/config.yaml", "decode"), ("notes", "named config_<id>"),
    ):  # fmt: skip
        assert text in said[place], (place, said[place])


def test_reports_with_wrong_values(root: Path) -> None:
    configs = root / "configs"
    text = (configs / "config_1/report.yaml").read_text()
    (configs / "config_1/report.yaml").write_text(text.replace("objective_to_minimize: 1.0",
                                                               "objective_to_minimize: low"))  # fmt: skip
    text = (configs / "config_3/report.yaml").read_text()
    (configs / "config_3/report.yaml").write_text(text.replace("cost: 2.0", "cost: [2]"))
    text = (configs / "config_4/report.yaml").read_text()
    (configs / "config_4/report.yaml").write_text(text.replace("reported_as: success", "reported_as: 1"))
    (configs / "config_2/report.yaml").write_text("- a\n")
    found = read_root(root, shared(neps_cs))
    assert [str(p).partition(" @ ")[0] for p in found.problems] == [
        "objective_to_minimize must be a number, or a list of numbers, got 'low'",
        "the file must hold a mapping with texts as keys, got list",
        "a trial that ended must have a report, got state='crashed'",
        "the value must be a number, got [2]",
        "reported_as must be 'success', 'failed' or 'crashed', got 1",
    ]
    assert [t.state for t in found] == ["success", "unknown", "success", "unknown"]
    assert [t.result and t.result.get("cost") for t in found] == [None, None, None, None]


def test_numbers_that_no_float_holds(root: Path) -> None:
    for number, old in ((1, "objective_to_minimize: 1.0"), (3, "cost: 2.0")):
        path = root / f"configs/config_{number}/report.yaml"
        path.write_text(path.read_text().replace(old, f"{old.partition(':')[0]}: 1{'0' * 400}"))
    path = root / "configs/config_4/report.yaml"
    path.write_text(path.read_text().replace("cost: 2.0", f"cost: 1{'0' * 9000}"))
    found = read_root(root, shared(neps_cs))
    assert [t.result and t.result.get("cost") for t in found] == [None, None, None, None]
    assert len(found.problems) == 4
    with pytest.raises(StoreError, match="must be a path"):
        read_root(None, shared(neps_cs))  # type: ignore[arg-type]


def test_another_space_is_said_with_the_place(root: Path) -> None:
    found = read_root(root, flat(neps_cs))
    assert not found.trials
    assert _places(found, root) == sorted(_places(found, root))
    assert "a config of NePS must hold every decision" in str(found.problems[0])
    assert "config_1/config.yaml: SAMPLING__Resolvable.lr::float__0.0001_1.0_True" in found.problems[0].place


def test_what_is_no_root_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="must hold a folder 'configs'"):
        read_root(tmp_path, shared(neps_cs))
    with pytest.raises(StoreError, match="must hold a folder 'configs'"):
        read_root(tmp_path / "nothing", shared(neps_cs))
    (tmp_path / "configs").mkdir()
    assert read_root(tmp_path, shared(neps_cs)) == Root((), ())
    assert gather(1) == gather(1)


def test_trials_are_imported_from_a_folder_and_the_run_goes_on(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a process that was killed left behind, damaged files and a pickle that would run code."""
    ran = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(ran),)

    (root / "pipeline_space.pkl").write_bytes(pickle.dumps(Evil()))
    (root / "configs/config_3/report.yaml").write_text("objective_to_minimize: 3.0\nrep")
    space, ours = shared(neps_cs), tmp_path / "ours"
    for _ in range(2):  # the second time adds nothing
        neps_cs.import_trials(str(root), ours, space, optimizer="random_search", seed=1)
    full, _ = neps_cs.status(ours)
    assert full["state"].tolist() == ["success", "crashed", "success"]
    assert "not imported: the file must be readable" in caplog.text
    received = []
    neps_cs.run(
        lambda **given: received.append(given) or 0.5, space, root_directory=ours,
        total_evaluations_to_spend=5, ignore_errors=True, optimizer="random_search", seed=1,
    )  # fmt: skip
    assert len(received) == 2
    assert not ran.exists()
    for nowhere in (tmp_path / "nowhere", str(tmp_path)):
        with pytest.raises(RunError, match="or the directory of a NePS run, got"):
            neps_cs.import_trials(nowhere, ours, space)


def test_processes_of_neps_that_were_killed(tmp_path: Path) -> None:
    """Two real ones that share a directory, ended by SIGKILL in the middle of an evaluation."""
    workers, root = 2, tmp_path / "root"
    code = (
        "import sys, time, pathlib; from neps_package import NEPS, neps_run, shared\n"
        "def evaluate_pipeline(**given):\n"
        "    pathlib.Path(sys.argv[2]).open('a').write('x')\n"
        "    time.sleep(0.2)\n"
        "    return 1.0\n"
        "neps_run(evaluate_pipeline, shared(NEPS), pathlib.Path(sys.argv[1]), 1000, "
        "optimizer='neps_random_search')\n"
    )
    counted = tmp_path / "counted"
    command = [sys.executable, "-c", code, str(root), str(counted)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    made = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(workers)]
    limit = time.monotonic() + 90
    while not (counted.exists() and counted.stat().st_size >= 4) and time.monotonic() < limit:
        time.sleep(0.05)
    for process in made:
        process.kill()
        process.wait()
    found = read_root(root, shared(NEPS))
    ended = [t for t in found if t.state == "success"]
    assert len(ended) >= 4 - workers
    assert len(found) - len(ended) <= workers + 1
    assert all(t.state in ("evaluating", "pending") for t in found if t not in ended)
    assert len(found.results()) == len(ended)
    neps_cs.import_trials(root, tmp_path / "ours", shared(neps_cs))
    full, _ = neps_cs.status(tmp_path / "ours")
    assert len(full) == len({repr(t.config) for t in ended})  # the same config counts once
