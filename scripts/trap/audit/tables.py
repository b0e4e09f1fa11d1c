"""What is remembered of each row: hashes and small numbers, about a hundred bytes, so that gigabytes fit.

Texts are normalised for comparison: compatible characters unified (NFKC), lower case, marks and blanks made one blank.
Signs that mean something in formulas (+ - * / = < > ^ %) stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from trap.audit.fields import Fields, Item

BATCH = 20_000
TEXTS = 100_000  # questions whose texts are kept
SHOWN = 200  # characters of a kept text
ANSWERS = 10_000  # answers whose words are kept
_MARKS = r"""[\s.,;:!?"'“”‘’`´()\[\]{}_#…]+"""
_WIDE = "([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"  # written without blanks between words
HASHED = ("id", "exact", "question", "item", "answer", "first", "group", "template")


@dataclass
class Table:
    """The files of one part. Arrays have a row for each row of the file; a hash of 0 means that there is nothing.

    id, exact, question, item, answer, first, group, template: uint64. exact: the question as written; question:
    normalised; item: with its options, in whatever order; first: its first three words. options: number of options, 0
    without; key: place of the right one, -1 unread; unread: there is a key and it names no option. longest, shortest:
    expected score of choosing the option with most or fewest characters. file, line: where the row stands.
    """

    files: list[Fields]
    columns: dict[str, np.ndarray]
    texts: list[str] = field(default_factory=list)  # beginnings of the first questions
    words: dict[int, str] = field(default_factory=dict)  # answers by their hash
    letters: list[str] = field(default_factory=list)  # labels of the options, in the order of places

    @property
    def n(self) -> int:
        return len(self.columns["line"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    @property
    def fields(self) -> Fields:
        """Of the first file."""
        return self.files[0]

    def has(self, role: str) -> bool:
        """Whether every file has a field for it."""
        return all(role in fields.at for fields in self.files)

    def place(self, row: int) -> str:
        """Where a row stands, for people."""
        return self.files[int(self["file"][row])].source.place(int(self["line"][row]))


Look = Callable[[pl.Series, np.ndarray], None]


def normalised(texts: pl.Series) -> pl.Series:
    """Texts in the one spelling in which they are compared."""
    if not texts.len():
        return texts
    if (texts.str.len_bytes() != texts.str.len_chars()).any():
        texts = texts.str.normalize("NFKC").str.replace_all(_WIDE, " $1 ")
    return texts.str.to_lowercase().str.replace_all(_MARKS, " ").str.strip_chars(" ")


def hashes(texts: pl.Series) -> np.ndarray:
    """Hashes of texts, uint64; 0 for empty ones."""
    return np.where(texts.str.len_bytes().to_numpy() > 0, texts.hash().to_numpy(), np.uint64(0))


def read_table(files: list[Fields], look: Look | None = None) -> Table:
    """Read files of one part. `look` is shown the normalised questions of each batch, with the numbers of their rows from 0."""
    table = Table(files, {})
    parts: list[dict[str, np.ndarray]] = []
    done = 0
    for number, lines, items in ((n, *batch) for n, fields in enumerate(files) for batch in _batches(fields)):
        part, questions = _columns(lines, items, table, files[number].kind)
        part["file"] = np.full(len(lines), number, dtype=np.int16)
        if look is not None:
            look(questions, np.arange(done, done + len(lines)))
        if len(table.texts) < TEXTS:
            table.texts += [item.asked[:SHOWN] for item in items[: TEXTS - len(table.texts)]]
        done += len(lines)
        parts.append(part)
    names = parts[0] if parts else _columns([], [], table, "")[0] | {"file": np.zeros(0, dtype=np.int16)}
    table.columns = {
        name: np.concatenate([part[name] for part in parts]) if parts else names[name] for name in names
    }
    return table


def _batches(fields: Fields) -> Iterator[tuple[list[int], list[Item]]]:
    read = fields.reader()
    lines: list[int] = []
    items: list[Item] = []
    size = 0
    for line, row in fields.rows():
        item = read(row)
        lines.append(line)
        items.append(item)
        size += len(item.asked)
        if len(lines) >= BATCH or size > 16_000_000:
            yield lines, items
            lines, items, size = [], [], 0
    if lines:
        yield lines, items


def _columns(
    lines: list[int], items: list[Item], table: Table, kind: str
) -> tuple[dict[str, np.ndarray], pl.Series]:
    def series(values: list[str]) -> pl.Series:
        return pl.Series(values, dtype=pl.String)

    asked = series([item.asked for item in items])
    questions = normalised(asked)
    given = [item.options for item in items]
    answers = series([item.answer for item in items])
    said = normalised(answers) if kind == "choice" else answers
    columns = {
        "line": np.array(lines, dtype=np.int64),
        "id": hashes(series([item.id for item in items])),
        "exact": hashes(asked),
        "question": hashes(questions),
        "answer": hashes(said),
        "first": hashes(questions.str.extract(r"^((?:\S+ ?){1,3})").fill_null("")),
        "group": hashes(series([item.group for item in items])),
        "template": hashes(series([item.template for item in items])),
        "options": np.array([len(one[1]) if one else 0 for one in given], dtype=np.int16),
        "key": np.array([-1 if item.key is None else item.key for item in items], dtype=np.int16),
    }
    columns["item"] = columns["question"]
    if any(given):
        sets = normalised(series(["\n".join(one[1]) if one else "" for one in given]))
        # each option is hashed by itself, and the sum does not know their order
        flat = normalised(series([text for one in given if one for text in one[1]]))
        row = np.repeat(np.arange(len(items)), columns["options"])
        total = np.zeros(len(items), dtype=np.uint64)
        np.add.at(total, row, hashes(flat))
        mixed = columns["question"] ^ (total * np.uint64(0x9E3779B97F4A7C15))
        columns["item"] = np.where(sets.str.len_bytes().to_numpy() > 0, mixed, columns["question"])
    columns["longest"], columns["shortest"] = _by_length(items)
    if len(table.words) < ANSWERS:
        table.words |= dict(zip(columns["answer"].tolist(), answers.to_list(), strict=True))
    for one in given[:50]:
        if one and len(one[0]) > len(table.letters):
            table.letters = list(one[0])
    return columns, questions


def _by_length(items: list[Item]) -> tuple[np.ndarray, np.ndarray]:
    """Expected scores of the longest and of the shortest option, ties broken by chance; NaN without a key."""
    scores = np.full((2, len(items)), np.nan, dtype=np.float32)
    for number, item in enumerate(items):
        if item.options is not None and item.key is not None:
            lengths = [len(text) for text in item.options[1]]
            right = lengths[item.key]
            for row, end in enumerate((max(lengths), min(lengths))):
                scores[row, number] = 1 / lengths.count(end) if right == end else 0.0
    return scores[0], scores[1]
