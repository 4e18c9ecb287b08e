"""What a person sees of a space: the class body and the tree. And that README and examples run."""

from __future__ import annotations

import contextlib
import enum
import functools
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import strategies
from hypothesis import given
from test_laws import DEPTH, SEEDS, WHOLE_LANGUAGE

import neps_cs as neps
from neps_cs.graph.records import Edit

REPOSITORY = Path(__file__).parent.parent


def act(slope: float = 0.0) -> float:
    return slope


class Net(neps.PipelineSpace):
    epochs = neps.IntegerFidelity(1, 9)
    lr = neps.Float(1e-4, 1.0, log=True, prior=1e-2, prior_confidence="medium")
    _width = neps.Integer(4, 8)
    _act = neps.Categorical(
        (neps.Operation(act), neps.Operation(act, kwargs={"slope": neps.Float(0, 1)}), None)
    )
    _block = neps.Operation("block", args=(_width.resample(), _act, (3, 3)))
    model = neps.Operation("net", args=neps.Repeated(neps.Integer(1, 3), _block.resample()))
    again = _act
    size = neps.Categorical((1, "a"), prior=1, prior_confidence="high")
    name = neps.ByName("size").resample()
    batch = 64


CLASS_TEXT = """\
class Net(PipelineSpace):
    epochs = IntegerFidelity(1, 9)
    lr = Float(0.0001, 1.0, log=True, prior=0.01, prior_confidence='medium')
    _width = Integer(4, 8)
    _act = Categorical((Operation(act), Operation(act, kwargs={'slope': Float(0.0, 1.0)}), None))
    _block = Operation('block', args=(_width.resample(), _act, (3, 3)))
    model = Operation('net', args=Repeated(Integer(1, 3), _block.resample()))
    again = _act
    size = Categorical((1, 'a'), prior=1, prior_confidence='high')
    name = ByName('size').resample()
    batch = 64"""

TREE = """\
Net
├── epochs: IntegerFidelity(1, 9)
├── lr: Float(0.0001, 1.0, log=True, prior=0.01, prior_confidence='medium')
├── _width: Integer(4, 8)
├── _act: Categorical
│   ├── [0]: act
│   ├── [1]: act
│   │   └── slope: Float(0.0, 1.0)
│   └── [2]: None
├── _block: block
│   ├── 0: → _width, resampled
│   ├── 1: → _act
│   └── 2: (3, 3)
├── model: net
│   └── args: Repeated
│       ├── count: Integer(1, 3)
│       └── content: → _block, resampled
├── again: → _act
├── size: Categorical((1, 'a'), prior=1, prior_confidence='high')
├── name: → size, resampled
└── batch: 64"""


def read_back(text: str, **names: Any) -> neps.PipelineSpace:
    """The space that a text makes: its class, called, or the value of its last expression."""
    scope: dict[str, Any] = {n: getattr(neps, n) for n in neps.__all__} | {"Edit": Edit} | names
    found = re.search(r"^class (\w+)", text, re.MULTILINE)
    if found is None:
        lines, call = text.rsplit("PipelineSpace.from_attributes(", 1)
        exec(lines, scope)
        made = eval(f"PipelineSpace.from_attributes({call}", scope)
    else:
        exec(text, scope)
        made = scope[found[1]]()
    assert isinstance(made, neps.PipelineSpace)
    return made


def test_a_space_prints_as_its_class_body() -> None:
    assert repr(Net()) == CLASS_TEXT
    assert neps.equal(read_back(CLASS_TEXT, act=act), Net())


NAMES = {f.__name__: f for f in (strategies.gather, strategies.scale, strategies.Built, dict, len)}


@given(WHOLE_LANGUAGE)
def test_what_a_space_prints_reads_back(space: neps.PipelineSpace) -> None:
    assert neps.equal(read_back(repr(space), **NAMES), space)


@given(WHOLE_LANGUAGE, SEEDS)
def test_what_an_edited_space_prints_reads_back(space: neps.PipelineSpace, seed: int) -> None:
    config = space.sample(seed, max_depth=DEPTH)[0]
    for address in list(config)[:4]:
        with contextlib.suppress(neps.SpaceError):  # Weights that leave nothing, a grammar that can't end
            space = space.fix(address, config[address])
    assert neps.equal(read_back(repr(space), **NAMES), space)


class Shade(enum.Enum):
    DARK = 1


HALF = functools.partial(strategies.gather, 0.5, k={"a": float("inf")})
X = neps.Integer(0, 1)
ODD: dict[str, dict[str, Any]] = {
    "a keyword": {"lambda": X, "None": 1},
    "a dunder": {"__x__": X, "y": 1},
    "a mangled name": {"__x": X, "y": 1},
    "a name that Python reads as another": {"ﬁ": X},
    "a name of the language": {"Float": neps.Float(0, 1), "b": neps.Float(0, 1)},
    "a name of an operator": {"gather": 1, "b": neps.Operation(strategies.gather)},
    "a name of a choice": {"len": 1, "b": neps.Categorical((len, 1))},
    "shared by odd names": {"a": X, "odd name": X, "b": neps.Operation("f", (X,))},
    "members of an enumeration": {"a": neps.Categorical((Shade.DARK, 1)), "b": Shade.DARK},
    "partial functions": {"a": neps.Operation(HALF, (X,)), "b": neps.Categorical((HALF, None))},
    "meta": {"a": neps.Float(0, 1, meta={"most": float("inf"), "list": [float("nan"), (1,)]})},
    "infinite constants": {"a": (1, [float("inf")], {"k": float("-inf")}), "b": neps.Lazy(float("nan"))},
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_reads_back(name: str) -> None:
    space = neps.PipelineSpace.from_attributes(ODD[name])
    made = read_back(repr(space), Shade=Shade, functools=functools, **NAMES)
    assert neps.equal(made, space)
    assert list(made.attributes) == list(space.attributes)


def test_what_is_shared_gets_a_name() -> None:
    """Printed twice it would read back as two; and nothing stands before it is defined."""
    x = neps.Float(0, 1)
    later = neps.Operation("g", (x,))
    space = neps.PipelineSpace.from_attributes(
        {"a": neps.Operation("f", (x, x, later)), "b": later, "c": later, "d": neps.Lazy((later, x))}
    )
    assert (
        repr(space)
        == """\
shared_1 = Float(0.0, 1.0)
shared_2 = Operation('g', args=(shared_1,))
class Space(PipelineSpace):
    a = Operation('f', args=(shared_1, shared_1, shared_2))
    b = shared_2
    c = shared_2
    d = Lazy((shared_2, shared_1))"""
    )
    assert neps.equal(read_back(repr(space)), space)


def test_names_that_no_class_can_have() -> None:
    space = neps.PipelineSpace.from_attributes(
        {"a:b": neps.Integer(1, 2), "class": neps.ByName("a:b")},
        conditions={}, intermediate=frozenset({"class"}), name="odd name",
    )  # fmt: skip
    assert (
        repr(space)
        == """\
PipelineSpace.from_attributes(
    {
        'a:b': Integer(1, 2),
        'class': ByName('a:b'),
    },
    intermediate=frozenset(['class']),
    name='odd name',
)"""
    )
    assert neps.equal(read_back(repr(space)), space)


def test_deep_nesting_prints() -> None:
    value: Any = neps.Float(0, 1)
    for _ in range(3000):
        value = neps.Operation("f", (value,))
    assert repr(neps.PipelineSpace.from_attributes({"x": value})).count("Operation") == 3000


def test_a_space_as_a_tree() -> None:
    assert neps.format(Net()) == TREE
    with pytest.raises(neps.SpaceError, match="a PipelineSpace is needed, got 3 of type int @ format"):
        neps.format(3)  # type: ignore[arg-type]


def test_a_bound_is_shown_by_its_name() -> None:
    low = neps.Integer(1, 5)
    space = neps.PipelineSpace.from_attributes(
        {
            "_low": low,
            "w": neps.Integer(low, 10, log=True),
            "x": neps.Float(neps.ByName("_low").resample(), neps.Categorical((7, 8))),
        }
    )
    assert (
        neps.format(space)
        == """\
Space
├── _low: Integer(1, 5)
├── w: Integer(…, 10, log=True)
│   └── lower: → _low
└── x: Float(…, …)
    ├── lower: → _low, resampled
    └── upper: Categorical((7, 8))"""
    )


def test_a_condition_is_shown() -> None:
    space = Net().remove("name").add_condition("size", neps.Less("lr", 0.1))
    space = space.add_condition(
        "batch", neps.Or((neps.In("lr", (0.1, 0.25)), neps.And((neps.Equals("size", "a"),))))
    )
    assert neps.equal(read_back(repr(space), act=act), space)
    assert repr(space).endswith(
        """\
    conditions={
        'size': Less('lr', 0.1),
        'batch': Or((In('lr', (0.1, 0.25)), And((Equals('size', 'a'),)))),
    },
    name='Net',
)"""
    )
    assert "│   └── active where Less(parent='lr', value=0.1)" in neps.format(space)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("page", "packages"),
    [
        ("README.md", ("torch",)),
        ("docs/spaces.md", ()),
        ("docs/deciding.md", ()),
        ("docs/storage.md", ()),
        ("docs/translation.md", ()),
        ("docs/running.md", ()),
        ("docs/optimizers.md", ()),
        ("docs/smac.md", ("torch", "smac")),
        ("docs/optuna.md", ("optuna",)),
        ("docs/dehb.md", ("dehb",)),
        ("docs/legacy.md", ()),
        ("docs/convert.md", ()),
    ],
)
def test_the_code_of_the_docs_runs(
    page: str, packages: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a page in their order, as one program, in an empty directory."""
    for package in packages:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    scope: dict[str, Any] = {"neps": neps, "__name__": "__main__"}
    for block in blocks:
        exec(block, scope)


@pytest.mark.parametrize(
    "example", sorted((REPOSITORY / "docs" / "examples").glob("*.py")), ids=lambda p: p.stem
)
def test_an_example_runs(example: Path) -> None:
    runpy.run_path(str(example), run_name="__main__")


def test_a_config_as_a_tree() -> None:
    """What lies in the branch that was taken stands right below the choice."""
    config = {
        "lr": 0.01, "model:count": 2, "model:0": "Linear", "model:0:Linear:width": 8,
        "model:1": "a:b", "model:1:c": None, "model:1:c:d:e": True,
    }  # fmt: skip
    assert (
        neps.format(config)
        == """\
config
├── lr: 0.01
└── model
    ├── count: 2
    ├── 0: 'Linear'
    │   └── width: 8
    └── 1: 'a:b'
        └── c: None
            └── d
                └── e: True"""
    )
    assert neps.format({}) == "config"


@given(WHOLE_LANGUAGE, SEEDS)
def test_every_decision_is_in_the_tree(space: neps.PipelineSpace, seed: int) -> None:
    config, _ = space.sample(seed, max_depth=3)
    lines = neps.format(config, width=10_000).splitlines()
    for address, value in config.items():
        last = address.split(":")[-1].replace("\n", "\\n").replace("\0", "\\x00")
        end = f"── {last}: {value!r}"
        assert any(line.endswith(end) for line in lines)
