"""What models wrote: rows of sampled answers, each with a run, an item, and whether it is right and readable."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from trap.audit.answers import READERS, Options, folded, scalar_text
from trap.audit.fields import Fields, Item, answer_text, getter, question_text
from trap.audit.reading import Row
from trap.audit.tables import hashes, normalised
from trap.audit.values import number, truth
from trap.files import InputError

MOST_KEYS = 1_000_000  # evaluation rows that answers are looked up in
# names of logs: samples_TASK_2026-01-01T10-00-00 of lm-evaluation-harness, 2026-01-01T10-00-00-00-00_TASK_ID of inspect
_DATED = re.compile(r"^(?:samples_(.+)_\d{4}-\d\d-\d\dT[\d-]+|\d{4}-\d\d-\d\dT[\d-]+_(.+)_\w{22})$")
MARK = "\x1f"  # between the parts of a run's name
SHEET = 100  # rows of the sheet to be judged by hand
BATCH = 50_000
FRAME: dict[str, Any] = {
    "run": pl.String, "seed": pl.String, "item": pl.UInt64, "group": pl.UInt64, "right": pl.Float64,
    "readable": pl.Boolean, "kept": pl.Boolean, "score": pl.Float64,
}  # fmt: skip


class Read(NamedTuple):
    """One answer. right: 0 to 1, None where it cannot be told. readable: whether an answer was found in it."""

    right: float | None
    readable: bool | None
    said: str


@dataclass
class Judgeable:
    """A row of the sheet for a reader of flesh and blood."""

    run: str
    place: str
    question: str
    key: str
    response: str
    read: str
    right: float | None


@dataclass
class Answers:
    """All sampled answers. frame: a row each, columns FRAME. how: by file, in words, how right and wrong were told."""

    frame: pl.DataFrame
    how: dict[str, str] = field(default_factory=dict)
    sheet: list[Judgeable] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)  # answers of a file that could not be scored
    rows: dict[str, int] = field(default_factory=dict)  # of each file


class Keys:
    """Keys of the evaluation by id and by question, for samples that carry none of their own."""

    def __init__(self, fields: Fields) -> None:
        self.kind = fields.kind
        self.by_id: dict[str, Item] = {}
        self.by_question: dict[str, Item] = {}
        read = fields.reader()
        for count, (_, row) in enumerate(fields.rows()):
            if count >= MOST_KEYS:
                raise InputError(
                    f"{fields.source.path}: more than {MOST_KEYS:,} rows to look answers up in: give the samples a field"
                    " `correct`"
                )
            item = read(row)
            if item.id:
                self.by_id.setdefault(item.id, item)
            if item.asked:
                self.by_question.setdefault(item.asked, item)

    def find(self, ident: str, asked: str) -> Item | None:
        return self.by_id.get(ident) or self.by_question.get(asked)


def read_samples(files: list[Fields], evaluation: Fields | None) -> Answers:
    """Read files of samples. Raises InputError where a file has nothing by which an answer could be scored."""
    answers = Answers(pl.DataFrame(schema=FRAME))
    frames, keys = [answers.frame], None
    labels = _labels([fields.source.path for fields in files])
    chosen, drawn, seen = random.Random(0), answers.sheet, 0
    for fields, label in zip(files, labels, strict=True):
        path = fields.source.path
        own = "answer" in fields.at and fields.kind != ""
        parsed = "correct" not in fields.at and ("predicted" in fields.at or "response" in fields.at)
        if parsed and not own and evaluation is not None and keys is None:
            keys = Keys(evaluation)
        how, score = _scorer(fields, keys if parsed and not own else None)
        if not how:
            raise InputError(
                f"{path}: no field says whether an answer is right (correct, score), and no answer can be read: name one"
                " in a mapping file"
            )
        answers.how[str(path)] = how
        name = _namer(fields, label)
        batch: list[tuple[Any, ...]] = []
        missing = rows = 0
        ident, question = fields.get("id"), fields.get("question")
        group, seed, kept, points = (fields.get(role) for role in ("group", "seed", "kept", "score"))
        for line, row in fields.rows():
            rows += 1
            base = scalar_text(ident(row))
            asked = question_text(question(row)) if not base or keys is not None else ""
            for said, item, found in score(row):
                missing += found.right is None
                batch.append(
                    (name(row), scalar_text(seed(row)), base, asked if not base else "", scalar_text(group(row)),
                     found.right, found.readable, truth(kept(row)), number(points(row)))
                )  # fmt: skip
                if said:
                    seen += 1
                    place = len(drawn) if len(drawn) < SHEET else chosen.randrange(seen)
                    if place < SHEET:
                        key = item.answer if item is not None else ""
                        row_of = Judgeable(
                            name(row), fields.source.place(line), question_text(question(row)) or (item.asked if item else ""),
                            key, said, found.said, found.right,
                        )  # fmt: skip
                        drawn[place : place + 1] = [row_of]
            if len(batch) >= BATCH:
                frames.append(_frame(batch))
                batch = []
        frames.append(_frame(batch))
        answers.rows[str(path)] = rows
        if missing:
            answers.unknown[str(path)] = missing
    answers.frame = pl.concat(frames)
    short = _short(answers.frame["run"].unique(maintain_order=True).to_list())
    answers.frame = answers.frame.with_columns(pl.col("run").replace(short))
    for row_of in drawn:
        row_of.run = short[row_of.run]
    return answers


def _labels(paths: list[Path]) -> list[str]:
    stems = [_DATED.sub(r"\1\2", path.name.split(".")[0]) for path in paths]
    return [stem if stems.count(stem) == 1 else str(path) for stem, path in zip(stems, paths, strict=True)]


def _namer(fields: Fields, label: str) -> Any:
    paths = fields.at.get("run", ())
    gets = [getter(path) for path in ([paths] if isinstance(paths, str) else paths)]
    return lambda row: MARK.join([label, *(scalar_text(get(row)) for get in gets)])


def _short(names: list[str]) -> dict[str, str]:
    """Names of runs without the parts that all of them share; the file's own name where nothing else is left."""
    split = [name.split(MARK) for name in names]
    widest = max((len(parts) for parts in split), default=0)
    padded = [parts + [""] * (widest - len(parts)) for parts in split]
    differ = [place for place in range(widest) if len({parts[place] for parts in padded}) > 1] or [0]
    return {
        name: " ".join(filter(None, (parts[place] for place in differ))) or parts[0]
        for name, parts in zip(names, padded, strict=True)
    }


def _frame(batch: list[tuple[Any, ...]]) -> pl.DataFrame:
    columns = list(zip(*batch, strict=True)) if batch else [()] * 9

    def hashed(values: Any, normal: bool = False) -> np.ndarray:
        texts = pl.Series(values, dtype=pl.String)
        return hashes(normalised(texts) if normal else texts)

    ids = hashed(columns[2])
    item = np.where(ids != 0, ids, hashed(columns[3], normal=True)) if batch else ids
    return pl.DataFrame(
        {"run": columns[0], "seed": columns[1], "item": item, "group": hashed(columns[4]), "right": columns[5],
         "readable": columns[6], "kept": columns[7], "score": columns[8]},
        schema=FRAME,
    )  # fmt: skip


Scorer = Any  # row -> iterator of (what was said, the item or None, Read)


def _scorer(fields: Fields, keys: Keys | None) -> tuple[str, Scorer]:
    """How answers of a file are scored, in words and as a function; ("", …) where they cannot be."""
    response, predicted = fields.get("response"), fields.get("predicted")
    correct, score, formed = fields.get("correct"), fields.get("score"), fields.get("format")
    item_of = fields.reader()
    ident, question = fields.get("id"), fields.get("question")

    def form(row: Row) -> bool | None:
        return truth(formed(row))

    if "correct" in fields.at:

        def by_field(row: Row) -> Iterator[tuple[str, Item | None, Read]]:
            value = correct(row)
            right = truth(value)
            graded = float(right) if right is not None else number(value)
            if graded is not None and not 0 <= graded <= 1:
                graded = None  # no share of right
            said = _texts(response(row))
            yield (said[0] if said else ""), None, Read(graded, form(row), scalar_text(predicted(row)))

        return f"by the field {fields.at['correct']}", by_field

    own = "answer" in fields.at and fields.kind != ""
    kind = fields.kind if own else keys.kind if keys is not None else ""
    if kind and ("predicted" in fields.at or "response" in fields.at):

        def by_reading(row: Row) -> Iterator[tuple[str, Item | None, Read]]:
            item = item_of(row) if own else None
            if item is None and keys is not None:
                item = keys.find(scalar_text(ident(row)), question_text(question(row)))
            texts = _texts(response(row))
            value = predicted(row)
            if "predicted" in fields.at:
                yield (texts[0] if texts else ""), item, _against(item, kind, scalar_text(value), form(row))
                return
            for text in texts:
                said = READERS[kind](text, item.options if item else None) or ""
                yield text, item, _against(item, kind, said, form(row))

        what = f"the field {fields.at['predicted']}" if "predicted" in fields.at else f"the field {fields.at['response']}, read as {kind}"  # fmt: skip
        return f"{what}, against the key {'of the row' if own else 'of the evaluation'}", by_reading

    if "score" in fields.at:

        def by_score(row: Row) -> Iterator[tuple[str, Item | None, Read]]:
            value = number(score(row))
            said = _texts(response(row))
            yield (
                (said[0] if said else ""),
                None,
                Read(None if value is None else float(value > 0.5), form(row), ""),
            )

        return f"by the field {fields.at['score']}: right above 0.5", by_score
    return "", lambda row: iter(())


def _texts(value: Any) -> list[str]:
    """Completions of one row: a text, a chat, or several of them."""
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return [part for part in value if isinstance(part, str)]
    text = answer_text(value)
    return [text] if value is not None else []


def _against(item: Item | None, kind: str, said: str, formed: bool | None) -> Read:
    """Compare what was said with the key: the label or the text of the right option, or the answer in one spelling."""
    readable = bool(said) if formed is None else formed
    if item is None or (item.key is None and not item.answer):
        return Read(None, readable, said)
    options: Options | None = item.options
    if kind == "choice" and options is not None and item.key is not None:
        right = folded(said) in (folded(options[0][item.key]), folded(options[1][item.key])) or (
            said.isdecimal()
            and not any(label.isdecimal() for label in options[0])
            and int(said[:4]) == item.key
        )
        return Read(float(right), readable, said)
    if kind == "number":
        from trap.audit.answers import number_text

        return Read(float(bool(said) and (number_text(said) or said) == item.answer), readable, said)
    return Read(float(folded(said) == item.answer), readable, said)
