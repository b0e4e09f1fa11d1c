"""What a result depends on: the import closure of a script, and hashes of code and files.

A closure is found by reading the syntax tree and never by importing. That takes milliseconds, follows imports
inside functions, and runs nobody's code. Studies, platforms and methods are loaded by name at run time, so that no
import names them; the caller names them as further roots.
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


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can run: all except the bodies of `if TYPE_CHECKING:`."""
    queue = [tree]
    while queue:
        node = queue.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            queue.extend(node.orelse)
        else:
            queue.extend(ast.iter_child_nodes(node))


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


def _module_name(path: Path, root: Path) -> str:
    if path.is_relative_to(root):
        parts = path.relative_to(root).with_suffix("").parts
    else:
        parts = (*STUDIES.split("."), *path.relative_to(Path.cwd() / "studies").with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, root: Path) -> set[str]:
    """Dotted names that a file may import; `from a import b` gives both `a` and `a.b`."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise InputError(f"{path}:{error.lineno}: {error.msg}") from None
    package = _module_name(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    names: set[str] = set()
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*prefix, *([node.module] if node.module else [])])
            names.add(base)
            names.update(f"{base}.{alias.name}" if base else alias.name for alias in node.names)
    return names


@cache
def _direct(path: Path, root: Path) -> tuple[Path, ...]:
    """Files of this project that one file imports, including the packages that hold them."""
    found: set[Path] = set()
    for name in _imported(path, root):
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            file = module_file(".".join(parts[:length]), root)
            if file is not None:
                found.add(file)
    found.discard(path)
    return tuple(sorted(found))


@cache
def _reach(start: Path, root: Path) -> frozenset[Path]:
    seen, queue = {start}, [start]
    while queue:
        for file in _direct(queue.pop(), root):
            if file not in seen:
                seen.add(file)
                queue.append(file)
    return frozenset(seen)


def _member_files(member: str, root: Path) -> list[Path]:
    """Files that a member such as `methods.rsft` adds: `trap/methods/rsft.py` and its packages."""
    parts = [PACKAGE, *member.split(".")]
    if module_file(".".join(parts), root) is None:
        raise InputError(f"{PACKAGE}.{member}: no such module under {root}")
    files = (module_file(".".join(parts[:length]), root) for length in range(1, len(parts) + 1))
    return [file for file in files if file is not None]


@cache
def closure(script: str, *members: str, root: Path = SCRIPTS) -> tuple[Path, ...]:
    """Sorted files that `scripts/{script}` and the named members (`methods.rsft`) can import.

    Raises InputError for a script or member that does not exist or a file that does not parse.
    """
    start = root / script
    if not start.is_file():
        raise InputError(f"{start}: no such script")
    roots = [start]
    for member in members:
        roots.extend(_member_files(member, root))
    reached: set[Path] = set()
    for path in roots:
        reached |= _reach(path, root)
    return tuple(sorted(reached))


def sha256_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _docstrings(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """Line ranges of docstrings as (first, last), counted from 1."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield first.lineno, first.end_lineno or first.lineno


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
    told = {row for first, last in _docstrings(tree) for row in range(first, last + 1)}
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
    return _hash_of(Path(path).read_bytes())


@cache
def _hash_of(source: bytes) -> str:
    return sha256_bytes(code_text(source).encode())


def code_hashes(files: Iterable[Path], root: Path = SCRIPTS.parent) -> dict[str, str]:
    """`code_hash` by path. Paths are relative to the repository, or absolute for files outside of it."""
    return {
        (path.relative_to(root) if path.is_relative_to(root) else path).as_posix(): code_hash(path)
        for path in sorted(set(files))
    }


def combined_hash(parts: dict[str, str]) -> str:
    """One hash of a table of hashes. The order of the table does not matter."""
    return sha256_bytes("".join(f"{key}\0{parts[key]}\n" for key in sorted(parts)).encode())


@cache
def program_hash(script: str, *members: str) -> str:
    """One hash of a program's import closure, without comments, docstrings and the modules that read settings.

    Members that do not exist are skipped, as not every method has a module in every platform.
    """
    present = [member for member in members if module_file(f"trap.{member}") is not None]
    files = [path for path in closure(script, *present) if path.name not in READERS]
    return combined_hash(code_hashes(files))[:16]


@cache
def code(script: str, *members: str) -> list[str]:
    """The import closure of `scripts/{script}` as paths that Snakemake can take as inputs."""
    root = SCRIPTS.parent
    present = [member for member in members if module_file(f"trap.{member}") is not None]
    return [
        path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        for path in closure(script, *present)
    ]
