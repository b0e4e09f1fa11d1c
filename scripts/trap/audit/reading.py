"""Rows of any common file: JSON lines, JSON, CSV, TSV, Parquet, inspect's zipped logs, each possibly gzipped.

The kind is told by content, not by name. Every complaint is an InputError of one line, with file and line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import polars as pl

from trap.files import InputError

Row = dict[str, Any]
Numbered = tuple[int, Row]  # the line (of CSV and JSON lines) or the number of the row, from 1
# names under which one JSON document keeps its rows, in the order in which they are tried
LISTS = ("samples", "rows", "data", "results", "examples", "questions", "items", "instances", "rollouts")
BATCH = 10_000
ZSTANDARD = 93  # the number of this way of compression in zips
WIDEST = 1 << 27  # characters of one cell of CSV


@dataclass(frozen=True)
class Source:
    """A file whose kind is known. `rows(only)` reads it anew; `only` names the outer fields that are wanted."""

    path: Path
    kind: str  # jsonl | json | csv | parquet | inspect
    rows: Callable[[Collection[str] | None], Iterator[Numbered]]

    def place(self, line: int) -> str:
        """Where a row stands, for people: FILE:LINE, or FILE: row N where a file has no lines."""
        return f"{self.path}:{line}" if self.kind in ("jsonl", "csv") else f"{self.path}: row {line}"


def open_source(path: Path | str) -> Source:
    """Tell what a file is. Raises InputError where it cannot be read or holds no rows of a known kind."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
        zipped = head[:2] == b"\x1f\x8b"
        if zipped:
            with gzip.open(path) as stream:
                head = stream.read(8)
        if not head:
            raise InputError(f"{path}: empty")
        opener = _gunzipped if zipped else _plain
        if head[:4] == b"PAR1":
            return Source(path, "parquet", lambda only: _parquet(path, opener, only))
        if head[:4] == b"PK\x03\x04":
            return Source(path, "inspect", lambda only: _archive(path, opener))
        with opener(path) as stream:
            kind = _kind_of_text(stream, path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, not a file") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {one_line(error)}") from None
    reader = {"jsonl": _json_lines, "json": _json, "csv": _csv}[kind]
    return Source(path, kind, lambda only: reader(path, opener, only))


def one_line(error: BaseException) -> str:
    """The first line of an error's words, not too long."""
    words = (str(error) or type(error).__name__).strip().splitlines() or [type(error).__name__]
    return words[0][:200]


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _gunzipped(path: Path) -> IO[bytes]:
    return gzip.open(path)  # type: ignore[return-value]


def _kind_of_text(stream: IO[bytes], path: Path) -> str:
    first = second = b""
    for line in stream:
        line = line.removeprefix(b"\xef\xbb\xbf").strip()
        if line and not first:
            first = line
        elif line:
            second = line
            break
    if not first:
        raise InputError(f"{path}: empty")
    if first[:1] == b"[":
        return "json"
    if first[:1] != b"{":
        return "csv"
    try:
        document = _decoded(first)
    except ValueError:
        # an object over many lines, unless each line looks like one: then the first is broken
        return "jsonl" if second[:1] == b"{" and first[-1:] == b"}" else "json"
    if second or not isinstance(document, dict):
        return "jsonl"
    return "json" if _rows_within(document) is not None else "jsonl"


# --- JSON -----------------------------------------------------------------------------------------------------


def _decoded(text: bytes) -> Any:
    """JSON as Python writes it: msgspec refuses NaN and lone surrogates. Raises ValueError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    try:
        return _clean(json.loads(text.decode("utf-8")))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json_lines(
    path: Path, opener: Callable[[Path], IO[bytes]], only: Collection[str] | None
) -> Iterator[Numbered]:
    decode = _decoder_of(only)
    number = 0
    try:
        with opener(path) as stream:
            for line in stream:
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                try:
                    row = decode(line)
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    if not line.strip():
                        continue
                    row = _slowly(line, f"{path}:{number}")
                yield number, row
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}:{number + 1}: cannot be read: {one_line(error)}") from None


def _slowly(line: bytes, place: str) -> Row:
    try:
        row = _decoded(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {one_line(error)}") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: an object is wanted, this is a {type(row).__name__}")
    return row


def _decoder_of(only: Collection[str] | None) -> Callable[[bytes], Row]:
    """Decodes a line to a row with the wanted fields alone, several times faster than with all of them."""
    if only is None:
        return msgspec.json.Decoder(dict[str, Any]).decode
    names = sorted(only)
    slots = [f"f{number}" for number in range(len(names))]
    kind = msgspec.defstruct(
        "Wanted", [(slot, Any, None) for slot in slots], rename=dict(zip(slots, names, strict=True)), gc=False
    )
    decode, values = msgspec.json.Decoder(kind).decode, msgspec.structs.astuple
    return lambda line: dict(zip(names, values(decode(line)), strict=True))


def _json(
    path: Path, opener: Callable[[Path], IO[bytes]], only: Collection[str] | None
) -> Iterator[Numbered]:
    try:
        with opener(path) as stream:
            document = _decoded(stream.read().removeprefix(b"\xef\xbb\xbf"))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {one_line(error)}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {one_line(error)}") from None
    rows = document if isinstance(document, list) else _rows_within(document)
    if rows is None:
        rows = [document]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{path}: row {number}: an object is wanted, this is a {type(row).__name__}")
        yield number, row


def _rows_within(document: Any) -> list[Any] | None:
    """The rows of one JSON document: a list under a usual name or the only one, columns, or objects by their ids."""
    if not isinstance(document, dict):
        return None
    lists = {
        name: value
        for name, value in document.items()
        if isinstance(value, list) and value and all(isinstance(part, dict) for part in value)
    }
    for name in LISTS:
        if name in lists:
            return lists[name]
    values = list(document.values())
    if values and all(isinstance(value, dict) for value in values) and len(values) > 1:
        return [{"id": name, **value} for name, value in document.items()]
    lengths = {len(value) for value in values if isinstance(value, list)}
    if (
        len(values) > 1
        and all(isinstance(value, list) for value in values)
        and len(lengths) == 1
        and lengths != {0}
    ):
        return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
    return next(iter(lists.values())) if len(lists) == 1 and len(document) == 1 else None


def _archive(path: Path, opener: Callable[[Path], IO[bytes]]) -> Iterator[Numbered]:
    """The samples of an inspect log that is a zip of JSON documents."""
    name = ""
    try:
        with opener(path) as raw:
            stream = io.BytesIO(raw.read())
        with zipfile.ZipFile(stream) as archive:
            names = sorted(n for n in archive.namelist() if n.startswith("samples/") and n.endswith(".json"))
            if not names:
                raise InputError(f"{path}: a zip without samples/*.json: no inspect log")
            for number, name in enumerate(names, start=1):
                row = _decoded(_member(archive, stream, name))
                if not isinstance(row, dict):
                    raise InputError(f"{path}: {name}: an object is wanted")
                yield number, row
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: {name or 'zip'}: cannot be read: {one_line(error)}") from None
    except ValueError as error:
        raise InputError(f"{path}: {name}: not JSON: {one_line(error)}") from None


def _member(archive: zipfile.ZipFile, stream: IO[bytes], name: str) -> bytes:
    """A file of a zip. inspect compresses with Zstandard, which the library of Python knows from 3.14 on and polars always."""
    entry = archive.getinfo(name)
    if entry.compress_type != ZSTANDARD:
        return archive.read(entry)
    stream.seek(entry.header_offset)
    head = stream.read(30)
    stream.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), io.SEEK_CUR)
    packed = stream.read(entry.compress_size)
    try:
        # a table of one column: JSON holds no control character, and its line breaks mean nothing
        table = pl.read_csv(
            io.BytesIO(packed),
            has_header=False,
            separator="\x01",
            quote_char=None,
            infer_schema=False,
            new_columns=["line"],
        )
    except (Exception, pl.exceptions.PanicException) as error:
        raise ValueError(one_line(error)) from None
    return "\n".join(table["line"].fill_null("").to_list()).encode()


# --- tables ---------------------------------------------------------------------------------------------------


def _csv(path: Path, opener: Callable[[Path], IO[bytes]], only: Collection[str] | None) -> Iterator[Numbered]:
    csv.field_size_limit(WIDEST)
    line = 1
    try:
        with opener(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            first = text.readline()
            text.seek(0)
            delimiter = max("\t,;|", key=lambda mark: (first.count(mark), mark == ","))
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            header = next(reader, [])
            if len(header) < 2 or len(set(header)) < len(header):
                what = "names of columns stand twice" if len(header) > 1 else "neither JSON nor a table"
                raise InputError(f"{path}:1: {what}")
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise InputError(f"{path}:{line}: {len(cells)} cells under {len(header)} names")
                yield line, {name: cell or None for name, cell in zip(header, cells, strict=True)}
    except (csv.Error, UnicodeError) as error:
        raise InputError(f"{path}:{line}: not a table: {one_line(error)}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}:{line}: cannot be read: {one_line(error)}") from None


def _parquet(
    path: Path, opener: Callable[[Path], IO[bytes]], only: Collection[str] | None
) -> Iterator[Numbered]:
    try:
        if opener is _gunzipped:
            with opener(path) as stream:
                frame = pl.read_parquet(io.BytesIO(stream.read())).lazy()
        else:
            frame = pl.scan_parquet(path)
        columns = frame.collect_schema().names()
        wanted = columns if only is None else [name for name in columns if name in only]
        number = 0
        if not wanted:
            return
        for batch in frame.select(wanted).collect_batches(chunk_size=BATCH, maintain_order=True):
            for row in batch.iter_rows(named=True):
                number += 1
                yield number, row
    except InputError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        # polars raises many kinds, and a broken file may raise any of them
        raise InputError(f"{path}: not Parquet that can be read: {one_line(error)}") from None
