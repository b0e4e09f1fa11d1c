"""What a result depends on: the import closure of a script, and hashes of code and files.

A closure is found by reading the syntax tree and never by importing. That takes milliseconds, follows imports
inside functions, and runs nobody's code. Studies, platforms and methods are loaded by name at run time, so that no
import names them; the caller names them as further roots. The package grimp, which the tests use, would not do: its
graph holds installed packages, not the scripts beside them or a user's study in the working directory.
"""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from trap.files import InputError

SCRIPTS = Path(__file__).resolve().parents[2]
PACKAGE = "trap"
STUDIES = f"{PACKAGE}.studies"
# Left out of code hashes: what these modules read is among the settings of a run.
READERS = ("config.py", "keys.py", "sheet.py", "opening.py")


def module_file(module: str, root: Path = SCRIPTS) -> Path | None:
    """The file of a dotted module name, or None. For a package this is its `__init__.py`."""
    bases = [root.joinpath(*module.split("."))]
    if module.startswith(f"{STUDIES}."):  # a study of one's own lies in the working directory
        bases.append(Path.cwd().joinpath("studies", *module.split(".")[2:]))
    for base in bases:
        for candidate in (base.with_name(base.name + ".py"), base / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _package(path: Path, root: Path) -> list[str]:
    """The parts of the name of the package that holds a file, from which its relative imports start."""
    if path.is_relative_to(root):
        return list(path.parent.relative_to(root).parts)
    return [*STUDIES.split("."), *path.parent.relative_to(Path.cwd() / "studies").parts]


def _imported(path: Path, root: Path) -> set[str]:
    """Dotted names that a file may import; `from a import b` gives both `a` and `a.b`.

    What stands under `if TYPE_CHECKING:` never runs and does not count.
    """
    try:
        queue: list[ast.AST] = [ast.parse(path.read_bytes(), filename=str(path))]
    except SyntaxError as error:
        raise InputError(f"{path}:{error.lineno}: {error.msg}") from None
    package, names = _package(path, root), set()
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*prefix, *([node.module] if node.module else [])])
            names.update([base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)])
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in vars(node.test).values():
            queue.extend(node.orelse)
        else:  # no expression holds an import
            queue.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))
    return names


def _files(name: str, root: Path) -> set[Path]:
    """Files of this project that importing a dotted name runs: its own, and those of the packages that hold it."""
    parts = name.split(".")
    found = (module_file(".".join(parts[:length]), root) for length in range(1, len(parts) + 1))
    return {file for file in found if file is not None}


@cache
def _direct(path: Path, root: Path) -> frozenset[Path]:
    """Files of this project that one file imports."""
    return frozenset(file for name in _imported(path, root) for file in _files(name, root))


@cache
def closure(script: str, *members: str, root: Path = SCRIPTS) -> tuple[Path, ...]:
    """Sorted files that `scripts/{script}` and the named members (`methods.rsft`) can import.

    Raises InputError for a script or member that does not exist or a file that does not parse.
    """
    start = root / script
    if not start.is_file():
        raise InputError(f"{start}: no such script")
    queue = [start]
    for member in members:
        if module_file(f"{PACKAGE}.{member}", root) is None:
            raise InputError(f"{PACKAGE}.{member}: no such module under {root}")
        queue.extend(_files(f"{PACKAGE}.{member}", root))
    reached = set(queue)
    while queue:
        new = _direct(queue.pop(), root) - reached
        reached |= new
        queue.extend(new)
    return tuple(sorted(reached))


def sha256_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _docstrings(tree: ast.AST) -> Iterator[range]:
    """The lines of docstrings, counted from 1."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body[:1]:
                case [ast.Expr(value=ast.Constant(value=str())) as told]:
                    yield range(told.lineno, (told.end_lineno or told.lineno) + 1)


@cache
def code_text(source: bytes) -> str:
    """Python source without comments, docstrings and blank lines, which is what decides behaviour.

    It works on positions and not on a printed syntax tree, so that every Python version gives the same text.
    """
    text = source.decode("utf-8").replace("\r\n", "\n")
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    tree = ast.parse(text)
    told = {row for rows in _docstrings(tree) for row in rows}
    for row in told:
        lines[row - 1] = ""
    literal = {  # Rows inside a string that spans lines: blank lines and spaces are part of the string.
        row
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and (node.end_lineno or 0) > node.lineno
        for row in range(node.lineno, node.end_lineno or node.lineno)
        if row not in told
    }
    kept = (
        line if row in literal else line.rstrip()
        for row, line in enumerate(lines, start=1)
        if line.strip() or row in literal
    )
    return "\n".join(kept) + "\n"


def code_hash(path: Path | str) -> str:
    """SHA-256 of a Python file's `code_text`. An edited comment or docstring does not change it."""
    return sha256_bytes(code_text(Path(path).read_bytes()).encode())


def _told(path: Path, root: Path) -> str:
    """A path relative to the repository, or absolute for a file outside of it."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def code_hashes(files: Iterable[Path], root: Path = SCRIPTS.parent) -> dict[str, str]:
    """`code_hash` by path. Paths are relative to the repository, or absolute for files outside of it."""
    return {_told(path, root): code_hash(path) for path in sorted(set(files))}


def combined_hash(parts: dict[str, str]) -> str:
    """One hash of a table of hashes. The order of the table does not matter."""
    return sha256_bytes("".join(f"{key}\0{parts[key]}\n" for key in sorted(parts)).encode())


def _present(members: Iterable[str]) -> list[str]:
    """The members that exist: not every method has a module in every platform."""
    return [member for member in members if module_file(f"{PACKAGE}.{member}") is not None]


@cache
def program_hash(script: str, *members: str) -> str:
    """One hash of a program's import closure, without comments, docstrings and the modules that read settings."""
    files = [path for path in closure(script, *_present(members)) if path.name not in READERS]
    return combined_hash(code_hashes(files))[:16]


@cache
def code(script: str, *members: str) -> list[str]:
    """The import closure of `scripts/{script}` as paths that Snakemake can take as inputs."""
    return [_told(path, SCRIPTS.parent) for path in closure(script, *_present(members))]
