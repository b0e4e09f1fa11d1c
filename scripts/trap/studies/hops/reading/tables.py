"""Triples in TSV, CSV and Parquet, and tables of entities. Polars reads them; compressed text is read as well."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import polars as pl

from trap.files import InputError
from trap.studies.hops.reading.columns import Triples

# What a header may call each column; a table whose first row says none of these has no header.
CALLED = {
    "src": ("src", "source", "head", "subject", "from", "start", "h", "s"),
    "rel": ("rel", "relation", "predicate", "edge", "property", "r", "p"),
    "dst": ("dst", "target", "tail", "object", "to", "end", "t", "o"),
    "id": ("id", "entity", "node", "name", "cui"),
    "label": ("label", "title", "text", "str"),
    "type": ("type", "kind", "class", "sty"),
}
EDGE, ENTITY = ("src", "rel", "dst"), ("id", "label", "type")


def read_table(path: Path, columns: Mapping[str, str]) -> Triples:
    """Triples of a table. Raises InputError for a column that is not there or a row of another width."""
    frame, header = _frame(path, columns, EDGE)
    wanted = (
        _chosen(path, frame.columns, columns, EDGE, needed=EDGE)
        if header
        else dict(zip(EDGE, frame.columns, strict=False))
    )
    if len(wanted) < len(EDGE):
        raise InputError(f"{path}:1: three columns are needed (source, relation, target), not {frame.width}")
    first = 1 + header
    parquet = path.suffix == ".parquet"
    return Triples(
        *(_text(path, frame[wanted[name]]) for name in EDGE),
        at=lambda row: f"{path}: row {row}" if parquet else f"{path}:{row + first}",
    )


def read_entities(path: Path, columns: Mapping[str, str]) -> pl.DataFrame:
    """Columns id, label and type (nulls where the table has none). Raises InputError for an id that stands twice."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    frame, header = _frame(path, columns, ENTITY)
    if header:
        wanted = _chosen(path, frame.columns, columns, ENTITY, needed=("id",))
    else:
        wanted = dict(zip(ENTITY, frame.columns, strict=False))
    found = pl.DataFrame({name: _text(path, frame[column]) for name, column in wanted.items()})
    missing = [pl.lit(None, pl.String).alias(name) for name in ENTITY if name not in wanted]
    twice = found["id"].is_duplicated()
    if twice.any():
        row = int(twice.arg_max())
        raise InputError(f"{path}: id: {found['id'][row]!r} stands twice")
    return found.with_columns(missing).select(ENTITY)


def _frame(path: Path, columns: Mapping[str, str], roles: tuple[str, ...]) -> tuple[pl.DataFrame, bool]:
    """The table, and whether it has a header."""
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path), True
        top = _top(path)
        comma = "," if path.name.lower().removesuffix(".gz").endswith(".csv") else "\t"
        quote = '"' if comma == "," else None  # a quote in a TSV is a character like others
        cells = top.split(comma)
        said = [cell.strip(' "').lower() for cell in cells]
        given = set(columns.values()) & {cell.strip('"') for cell in cells}
        header = bool(given) or sum(any(cell in CALLED[role] for cell in said) for role in roles) >= 2
        frame = pl.read_csv(
            path, separator=comma, has_header=header, quote_char=quote, infer_schema=False, raise_if_empty=True,
        )  # fmt: skip
    except pl.exceptions.NoDataError:
        raise InputError(f"{path}: empty file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}:1: not UTF-8") from None
    except (pl.exceptions.PolarsError, OSError, EOFError, zlib.error) as error:
        raise InputError(_bad_line(path) or f"{path}: {_said(error)}") from None
    return frame, header


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _bad_line(path: Path) -> str:
    """The first line of a text that is not UTF-8 or has another width than the first, in words; "" for none."""
    if path.suffix == ".parquet":
        return ""
    comma = "," if path.name.lower().removesuffix(".gz").endswith(".csv") else "\t"
    try:
        with _opened(path) as stream:
            rows = csv.reader(
                (_decoded(path, number, line) for number, line in enumerate(stream, 1)),
                delimiter=comma, quoting=csv.QUOTE_MINIMAL if comma == "," else csv.QUOTE_NONE,
            )  # fmt: skip
            width = 0
            for row in rows:
                width = width or len(row)
                if len(row) > width:
                    return f"{path}:{rows.line_num}: {len(row)} columns, where the first line has {width}"
    except InputError as error:
        return str(error)
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        return f"{path}: {error}"
    return ""


def _decoded(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}:{number}: not UTF-8") from None


def _top(path: Path) -> str:
    with _opened(path) as stream:
        return stream.readline(1 << 16).decode("utf-8").lstrip("\ufeff").rstrip("\r\n")


def _said(error: Exception) -> str:
    """The first sentence of an error of polars, as one line."""
    text = " ".join(str(error).split())
    return re.split(r" (?:Hint|You might|Consider|This error|Field) ?", text)[0][:200] or type(error).__name__


def _chosen(
    path: Path,
    present: list[str],
    columns: Mapping[str, str],
    roles: tuple[str, ...],
    needed: tuple[str, ...],
) -> dict[str, str]:
    """Role -> column. Raises InputError for one that is asked for and not there, or needed and not found."""
    low = {column.strip().lower(): column for column in reversed(present)}
    found = {}
    for role in roles:
        asked = columns.get(role)
        if asked is not None and asked in present:
            found[role] = asked
        elif asked is not None and role in needed:
            raise InputError(f"{path}: no column {asked!r} for {role} (there are {', '.join(present)})")
        elif name := next((low[name] for name in CALLED[role] if name in low), None):
            found[role] = name
        elif role in needed and len(present) == len(roles) == len(needed):
            found[role] = present[roles.index(role)]
        elif role in needed:
            raise InputError(
                f"{path}: which column is {role}? There are {', '.join(present)}: say it in `columns`"
            )
    return found


def _text(path: Path, column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return column
    if column.dtype.is_integer() or column.dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    raise InputError(f"{path}: column {column.name}: texts or whole numbers are needed, not {column.dtype}")
