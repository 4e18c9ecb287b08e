"""Files that are no space, whose parts don't belong together, or that mean harm: what is said of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import space
from strategies import TRUST
from test_laws import Net

import neps_cs as neps
from neps_cs import storage
from neps_cs.losses import LossKind

WRITING: list[tuple[Callable[[Path], Any], str]] = [
    (
        lambda folder: neps.save_space(Net, folder / "x"),  # type: ignore[arg-type]
        "a space must be made: Net(), got the class Net @ save_space",
    ),
    (
        lambda folder: neps.save_space(Net(), folder / "x", max_depth=0),
        "max_depth must be a whole number >= 1, got max_depth=0 @ save_space",
    ),
    (
        lambda folder: neps.save_space(Net(), 3),  # type: ignore[arg-type]
        "path must be a string or a Path, got 3 @ save_space",
    ),
    (lambda folder: neps.save_space(Net(), folder), "path must be a file, got a directory @ FOLDER"),
    (
        lambda folder: neps.save_space(Net(), folder / "no" / "x"),
        "path must lie in a directory that exists, got FOLDER/no @ FOLDER/no/x",
    ),
]


@pytest.mark.parametrize(("make", "text"), WRITING, ids=[text for _, text in WRITING])
def test_what_can_not_be_saved(make: Callable[[Path], Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(neps.NepsCsError) as caught:
        make(tmp_path)
    assert str(caught.value).replace(str(tmp_path), "FOLDER") == text
    assert list(tmp_path.iterdir()) == []


NOT_A_SPACE = "a file must hold a space of neps_cs, or ConfigSpace's JSON, got "
READING: list[tuple[str | bytes, str]] = [
    ("", "the file must be JSON, got an empty file @ FILE, line 1, column 1"),
    (" \n ", "the file must be JSON, got an empty file @ FILE, line 2, column 2"),
    ('{\n "a": 1,\n b}',
     "the file must be JSON, got Expecting property name enclosed in double quotes @ FILE, line 3, "
     "column 2"),
    (b"{\n\xc3\xa4\xff}", "the file must be text in UTF-8, got byte 0xff @ FILE, line 2, column 2"),
    (b"\xef\xbb\xbf{\xff}", "the file must be text in UTF-8, got byte 0xff @ FILE, line 1, column 2"),
    ('{"a": 1}'.encode("utf-16"),
     "the file must be text in UTF-8, got byte 0xff, as UTF-16 has it @ FILE, line 1, column 1"),
    ('{"a":\n' + "1" * 5000 + "}", "the file must be JSON, got Exceeds the limit (4300 digits) …"),
    ("\n [1]", NOT_A_SPACE + "a list @ FILE, line 2, column 2"),
    ("{}", NOT_A_SPACE + "an object with nothing @ FILE"),
    ('{"x": 1, "y": 2}', NOT_A_SPACE + "an object with 'x', 'y' @ FILE"),
    ('{"a": ' * 401 + "1" + "}" * 401, "a file must nest at most 400 levels deep, got more @ FILE, line 1, "
     "column 2401"),
    ("[" * 1_000_000, "a file must nest at most 400 levels deep, got more @ FILE, line 1, column 401"),
    ('{"neps_cs": 1}', "a side-car must have format='neps_cs.file', got 1 @ FILE: neps_cs"),
    ('{"neps_cs": {"format": "neps_cs.file", "version": 2}}',
     "this neps_cs reads version 1 of the file format, got version=2 @ FILE: neps_cs"),
    ('{"neps_cs": {"format": "neps_cs.file", "version": 1}}',
     "a side-car must have space and digests, got format, version @ FILE: neps_cs"),
    ('{"format": "neps_cs.space", "version": 9}',
     "this neps_cs reads version 1 of the format, got version=9 @ FILE"),
    ('{"hyperparameters": [{"type": "odd", "name": "a"}]}',
     "ConfigSpace must be able to read the file, got ValueError: No found decoder for 'odd'.  Registered …"),
    ('{"hyperparameters": []}', "a ConfigurationSpace must have a hyperparameter to be a space, got none"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "text"), READING, ids=[text for _, text in READING])
def test_what_is_no_space(content: str | bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (FormatError and ConversionError are ValueErrors)
        neps.load_space(path)
    assert isinstance(caught.value, neps.NepsCsError)
    said = str(caught.value).replace(str(path), "FILE")
    assert said.startswith(text[:-1]) if text.endswith("…") else said == text


def test_no_file(tmp_path: Path) -> None:
    """A missing file, a directory, a device: none is read."""
    os.mkfifo(tmp_path / "pipe")
    rule = "path must be a file"
    expected = {
        tmp_path / "none.json": f"{rule}, got nothing there",
        tmp_path: f"{rule}; load_pipeline_space reads the root directory of a run, got a directory",
        tmp_path / "pipe": "path must be a file, got something else",
        tmp_path / ("a" * 5000): "the file must be readable, got File name too long",
        Path("~no_such_user/space.json"): "path must be a file, got nothing there",
    }
    for path, text in expected.items():
        with pytest.raises(neps.StoreError) as caught:
            neps.load_space(path)
        assert str(caught.value) == f"{text} @ {path}"


def test_every_truncated_file_is_refused(tmp_path: Path) -> None:
    """A copy that stopped anywhere: a FormatError, which says so."""
    path = tmp_path / "space.json"
    neps.save_space(Net(), path)
    data = path.read_bytes().rstrip()
    for end in range(1, len(data), 97):
        path.write_bytes(data[:end])
        with pytest.raises(neps.FormatError) as caught:
            neps.load_space(path, trust=TRUST)
        assert "the file must be JSON, got " in str(caught.value)
    path.write_bytes(data[: data.index(b"hyperparameters")])
    with pytest.raises(neps.FormatError) as caught:
        neps.load_space(path)
    assert str(caught.value) == (
        "the file must be JSON, got Unterminated string starting; the file may be cut short "
        f"@ {path}, line 3, column 2"
    )


def test_the_size_of_a_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways: what is too large to be read is not written either."""
    neps.save_space(Net(), tmp_path / "old.json")
    monkeypatch.setattr(storage, "MAX_BYTES", 1000)
    for call in (lambda p: neps.save_space(Net(), p), neps.load_space):
        with pytest.raises(neps.FormatError, match="size <= 1000 bytes must hold"):
            call(tmp_path / "old.json")


def test_the_number_of_values_in_a_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways too; and told before anything is read of them."""
    neps.save_space(Net(), tmp_path / "old.json")
    (tmp_path / "many.json").write_text('{"a": [' + "[]," * storage.MAX_VALUES + "[]]}")
    with pytest.raises(neps.FormatError) as caught:
        neps.load_space(tmp_path / "many.json")
    message = "a file must hold at most 4,194,304 values, got more @ "
    assert str(caught.value) == f"{message}{tmp_path / 'many.json'}"
    monkeypatch.setattr(storage, "MAX_VALUES", 20)
    for call in (lambda p: neps.save_space(Net(), p), neps.load_space):
        with pytest.raises(neps.FormatError, match="a file must hold at most 20 values"):
            call(tmp_path / "old.json")


# ---------------------------------------------------------------- parts that belong together

TOGETHER = (
    "the parts of a file must be those that were saved together (without the key 'neps_cs' it is a flat "
    "ConfigurationSpace, with nothing but that key it is the space), got "
)


def edited(path: Path, change: Callable[[Any], Any]) -> str:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(neps.FormatError) as caught:
        neps.load_space(path, trust=TRUST)
    return str(caught.value)


def change_top(document: Any) -> None:
    document["hyperparameters"][0]["upper"] = 32


def change_space(document: Any) -> None:
    document["neps_cs"]["space"]["records"][0]["upper"] = 0.2


def change_both(document: Any) -> None:
    change_top(document)
    change_space(document)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (change_top, "a change of ConfigSpace's part"),
        (change_space, "a change of the space"),
        (change_both, "a change of ConfigSpace's part and the space"),
    ],
)
def test_parts_edited_by_hand(change: Callable[[Any], Any], text: str, tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    neps.save_space(Net(), path)
    assert edited(path, change) == f"{TOGETHER}{text} @ {path}: neps_cs"


def test_parts_of_two_files(tmp_path: Path) -> None:
    """The side-car of another space."""
    path, other = tmp_path / "space.json", tmp_path / "other.json"
    neps.save_space(Net(), path)
    neps.save_space(Net().remove("lr"), other)
    block = json.loads(other.read_text())["neps_cs"]
    said = edited(path, lambda d: d.update(neps_cs=block))
    assert said == f"{TOGETHER}a change of ConfigSpace's part @ {path}: neps_cs"


def test_either_part_may_be_taken_alone(tmp_path: Path) -> None:
    """As the message says: without our key a flat space (which lacks something), with it alone the space."""
    path = tmp_path / "space.json"
    neps.save_space(Net(), path)
    document = json.loads(path.read_text())
    change_space(document)
    path.write_text(json.dumps({"neps_cs": document["neps_cs"]}))
    assert neps.load_space(path, trust=TRUST).attributes["lr"].upper == 0.2
    del document["neps_cs"]
    change_top(document)
    path.write_text(json.dumps(document))
    with pytest.warns(neps.MissingSidecarWarning):
        flat = neps.load_space(path)
    assert flat.attributes["_width"].upper == 32


def test_layout_does_not_count(tmp_path: Path) -> None:
    """A file that was formatted anew, or got a byte order mark, is the same file."""
    path = tmp_path / "space.json"
    neps.save_space(Net(), path)
    document = json.loads(path.read_text())
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text, encoding="utf-8-sig")
    assert neps.load_space(path, trust=TRUST) == Net()


# ---------------------------------------------------------------- files that mean harm


def space_file(path: Path, records: list[Any], **more: Any) -> Path:
    roots = [{"name": "a", "ref": len(records) - 1}]
    document = {"format": "neps_cs.space", "version": 1, "name": "S", "attributes": roots}
    path.write_text(json.dumps({**document, "conditions": {}, "records": records, **more}))
    return path


EVIL = ("os:system", "posix:system", "subprocess:Popen", "builtins:eval", "torch.hub:os.system")


@pytest.mark.parametrize("trust", [(), ("strategies",), ("json",)])
def test_code_is_not_imported(trust: tuple[str, ...], tmp_path: Path) -> None:
    """One error names every path, and how to trust what is trustworthy."""
    rows = [{"kind": "constant", "value": {"$": "import", "path": p}} for p in EVIL]
    path = space_file(tmp_path / "evil.json", [*rows, {"kind": "tuple", "items": [0, 1, 2, 3, 4]}])
    with pytest.raises(neps.TrustError) as caught:
        neps.load_space(path, trust)
    assert str(caught.value) == (
        f"the file names objects that are not trusted: {', '.join(EVIL)}. If you know them, pass "
        "trust=('builtins', 'os', 'posix', 'subprocess', 'torch') or operators={name: object} @ "
        f"{path}"
    )


def test_a_trusted_package_is_no_way_out(tmp_path: Path) -> None:
    """What a trusted module imported lies elsewhere."""
    row = {"kind": "constant", "value": {"$": "import", "path": "tempfile:_os.system"}}
    path = space_file(tmp_path / "evil.json", [row])
    with pytest.raises(
        neps.TrustError, match=r"not trusted: tempfile:_os\.system\. If you know them, pass oper"
    ):
        neps.load_space(path, trust=("tempfile",))


def test_a_partial_is_not_called(tmp_path: Path) -> None:
    """Nor made, where its function is refused."""
    text = {"$": "tuple", "items": ["echo"]}
    value = {"$": "partial", "func": {"$": "import", "path": "os:system"}, "args": text}
    value["kwargs"] = {"$": "dict", "items": []}
    path = space_file(tmp_path / "evil.json", [{"kind": "constant", "value": value}])
    with pytest.raises(neps.TrustError, match="not trusted: os:system"):
        neps.load_space(path)


def test_huge_counts_are_not_counted_out(tmp_path: Path) -> None:
    """A file of two lines that asks for a billion parameters is read, and saved, without making them."""
    records = [
        {"kind": "constant", "value": 10**9}, {"kind": "float", "lower": 0, "upper": 1},
        {"kind": "resample", "source": 1}, {"kind": "repeated", "count": 0, "content": 2},
    ]  # fmt: skip
    read = neps.load_space(space_file(tmp_path / "evil.json", records))
    assert read == space(a=neps.Repeated(10**9, neps.Float(0, 1).resample()))
    (loss,) = neps.save_space(read, tmp_path / "again.json")
    assert "a translation may have 10000 hyperparameters at most" in loss.reason
    shared = space(a=neps.Repeated(10**9, neps.Float(0, 1)))
    assert neps.save_space(shared, tmp_path / "again.json")[0].kind is LossKind.STRUCTURE


def test_doubling_is_not_written_out(tmp_path: Path) -> None:
    """Sixty operations, each of which uses the last one twice, afresh: 2**60 places without a decision."""
    node: Any = neps.Operation("f", (neps.Float(0, 1),))
    for _ in range(60):
        node = neps.Operation("f", (node.resample(), node.resample()))
    path = tmp_path / "space.json"
    (loss,) = neps.save_space(space(a=node), path)
    assert "a translation may have 100000 places at most" in loss.reason
    assert neps.load_space(path) == space(a=node)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"name": "a", "type": "uniform_int", "lower": 0, "upper": 10**400}, "ConfigSpace must be able to"),
        (1, "ConfigSpace must be able to read the file, got AttributeError"),
        ({"name": "a", "type": "ordinal", "sequence": []}, "ConfigSpace must be able to read the file"),
        ({"name": "a", "type": "uniform_float", "lower": "x", "upper": None}, "ConfigSpace must be able to"),
    ],
)  # fmt: skip
def test_odd_hyperparameters(row: Any, text: str, tmp_path: Path) -> None:
    """Whatever ConfigSpace makes of it, the error is ours."""
    path = tmp_path / "cs.json"
    path.write_text(json.dumps({"hyperparameters": [row]}))
    with pytest.raises(neps.NepsCsError, match=text):
        neps.load_space(path)


def test_too_many_hyperparameters(tmp_path: Path) -> None:
    rows = [{"name": f"x{i}", "type": "uniform_float", "lower": 0, "upper": 1} for i in range(10_001)]
    path = tmp_path / "cs.json"
    path.write_text(json.dumps({"hyperparameters": rows}))
    with pytest.raises(neps.FormatError) as caught:
        neps.load_space(path)
    assert (
        str(caught.value) == f"len(hyperparameters) <= 10000 must hold, got 10001 @ {path}: hyperparameters"
    )


@pytest.mark.parametrize("nested", [False, True])
def test_chains_that_configspace_would_never_finish(nested: bool, tmp_path: Path) -> None:
    """Its time doubles with each level: 30 are refused before it begins, 6 are read."""

    def chain(levels: int) -> Path:
        rows = [{"name": f"x{i}", "type": "categorical", "choices": [0, 1]} for i in range(levels + 1)]
        links: list[Any] = [
            {"type": "EQ", "child": f"x{i + 1}", "parent": f"x{i}", "value": 1} for i in range(levels)
        ]
        if nested:
            other = [{**link, "value": 0} for link in links]
            pairs = zip(links, other, strict=True)
            links = [{"type": "OR", "child": a["child"], "conditions": [a, b]} for a, b in pairs]
        path = tmp_path / "cs.json"
        path.write_text(json.dumps({"hyperparameters": rows, "conditions": links}))
        return path

    assert len(neps.load_space(chain(4)).attributes) == 5
    path = chain(30)
    with pytest.raises(neps.FormatError) as caught:
        neps.load_space(path)
    rule = "conditions must form no circle, and no chains for which ConfigSpace needs hours"
    assert str(caught.value) == f"{rule}, got deeper ones @ {path}: conditions"
