"""Import closures and hashes: complete, minimal, and blind to what changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skips import lacking
from trap.files import InputError
from trap.workflow.closure import (
    SCRIPTS,
    closure,
    code_hash,
    code_hashes,
    code_text,
    combined_hash,
    sha256_file,
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "train.py": "from trap.methods import get\ndef main():\n    from trap import late\n    return late, get\n",
        "draw.py": "import trap.style\n",
        "trap/__init__.py": "",
        "trap/late.py": "from . import sibling\n",
        "trap/sibling.py": "",
        "trap/style.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from trap import late\nelse:\n"
        "    import trap.other\n",
        "trap/other.py": "import json, numpy\n",
        "trap/methods/__init__.py": "import importlib\ndef get(name):\n"
        "    return importlib.import_module(f'trap.methods.{name}')\n",
        "trap/methods/rsft.py": "from ..reward import total\n",
        "trap/methods/sft.py": "",
        "trap/reward.py": "total = 1\n",
        "trap/loop_a.py": "import trap.loop_b\n",
        "trap/loop_b.py": "import trap.loop_a\n",
        "loop.py": "import trap.loop_a\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def names(tree: Path, *arguments: str) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in closure(*arguments, root=tree)}


def test_follows_imports_inside_functions_and_relative_ones(tree: Path) -> None:
    assert names(tree, "train.py") == {
        "train.py",
        "trap/__init__.py",
        "trap/methods/__init__.py",
        "trap/late.py",
        "trap/sibling.py",
    }


def test_registry_members_are_roots(tree: Path) -> None:
    assert {"trap/methods/rsft.py", "trap/reward.py"} <= names(tree, "train.py", "methods.rsft")
    assert "trap/reward.py" not in names(tree, "train.py", "methods.sft")


def test_type_checking_imports_do_not_count(tree: Path) -> None:
    assert names(tree, "draw.py") == {"draw.py", "trap/__init__.py", "trap/style.py", "trap/other.py"}


def test_cycles_end(tree: Path) -> None:
    assert {"trap/loop_a.py", "trap/loop_b.py"} <= names(tree, "loop.py")


def test_errors_are_one_line(tree: Path) -> None:
    with pytest.raises(InputError, match="no such script"):
        closure("nothing.py", root=tree)
    with pytest.raises(InputError, match=r"methods\.nothing"):
        closure("train.py", "methods.nothing", root=tree)
    (tree / "draw.py").write_text("def broken(:\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"draw.py:1: "):
        closure("draw.py", root=tree)


PROGRAMS = sorted(path.name for path in SCRIPTS.glob("*.py"))
# Imports each program in a process of its own, forked from one that has imported what is large and not of this project.
IMPORTS = """
import json, os, runpy, sys, traceback
import matplotlib.figure, numpy, polars, scipy.special
folder, *programs = sys.argv[1:]
sys.path.insert(0, folder)
for program in programs:
    sys.stdout.flush()
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    error = ""
    try:
        runpy.run_path(f"{folder}/{program}", run_name="imported")
    except BaseException:
        error = traceback.format_exc()
    loaded = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "trap" and m.__file__]
    print(json.dumps([program, loaded, error]), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, tuple[list[str], str]]:
    """Files of this project that importing a program really loads, and the error that it ends with."""
    asked = [sys.executable, "-c", IMPORTS, str(SCRIPTS), *PROGRAMS]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [json.loads(line) for line in told if line.startswith("[")]
    return {program: (loaded, error) for program, loaded, error in rows}


@pytest.mark.parametrize("script", PROGRAMS)
def test_closure_holds_whatever_python_really_imports(
    script: str, imported: dict[str, tuple[list[str], str]]
) -> None:
    """The import closure covers every project module that importing the script loads."""
    loaded, error = imported[script]
    if "No module named 'av'" in error and (missing := lacking("film")):
        pytest.skip(missing)
    assert not error
    assert {Path(name) for name in loaded if name.endswith(".py")} <= set(closure(script))


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("plot_*.py")))
def test_figures_never_import_what_trains(script: str) -> None:
    reached = {path.relative_to(SCRIPTS).as_posix() for path in closure(script)}
    assert not [name for name in reached if name.startswith(("trap/methods/", "trap/platforms/"))]


def test_code_text_ignores_comments_docstrings_and_blank_lines() -> None:
    plain = b"def f(x):\n    return x\n"
    dressed = b'# why\n\ndef f(x):  # here\n    """Says what."""\n\n    # then\n    return x\n'
    assert code_text(dressed) == code_text(plain)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x = 1\n", b"x = 2\n"),
        (b'x = "a  # b"\n', b'x = "a  # c"\n'),
        (b'x = """a\n\nb"""\n', b'x = """a\nb"""\n'),
        (b"if x:\n    y()\nz()\n", b"if x:\n    y()\n    z()\n"),
        (b'def f():\n    "only a docstring"\n', b'def f():\n    "another"\n    return 1\n'),
    ],
)
def test_code_text_sees_every_change_of_meaning(before: bytes, after: bytes) -> None:
    assert code_text(before) != code_text(after)


@given(st.lists(st.sampled_from(["", "# note", "    # note", "#"]), max_size=4))
def test_comments_anywhere_change_nothing(extra: list[str]) -> None:
    lines = ["def f(x):", "    return x", "y = f(1)"]
    dressed = "\n".join([lines[0], *extra, lines[1], *extra, lines[2]]) + "\n"
    assert code_text(dressed.encode()) == code_text(("\n".join(lines) + "\n").encode())


def test_hash_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text("x = 1\n", encoding="utf-8")
    first = code_hash(path)
    path.write_text("x = 1  # one\n", encoding="utf-8")
    assert code_hash(path) == first
    path.write_text("x = 22\n", encoding="utf-8")
    assert code_hash(path) != first
    assert list(code_hashes([path], tmp_path)) == ["code.py"]


def test_hashes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    assert sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert combined_hash({"a": "1", "b": "2"}) == combined_hash({"b": "2", "a": "1"})
    assert combined_hash({"a": "1", "b": "2"}) != combined_hash({"a": "2", "b": "1"})


def test_a_docstring_of_any_length_leaves_the_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    texts = [
        'def f():\n    """One line."""\n',
        'def f():\n    """Two lines,\n\n    and a gap.\n    """\n',
        'def f():\n    """Two."""\n\n\n',
    ]
    found = set()
    for text in texts:
        path.write_text(text, encoding="utf-8")
        found.add(code_hash(path))
    assert len(found) == 1
    path.write_text('def f():\n    return """Two lines,\n\n    and a gap.\n    """\n', encoding="utf-8")
    assert code_hash(path) not in found
