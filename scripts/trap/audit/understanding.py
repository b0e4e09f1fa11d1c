"""Understanding a file: which field is what, guessed from the names and the values of its first rows, or named."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trap.audit.answers import (
    CONVENTIONS,
    Options,
    declared_number,
    key_index,
    number_text,
    options_of,
    scalar_text,
    split_options,
)
from trap.audit.fields import OF_PART, Fields, answer_text, getter, question_text
from trap.audit.layouts import FIELDS, LAYOUTS, layout_of, message_text
from trap.audit.reading import Row, open_source
from trap.audit.values import number, truth
from trap.files import InputError

PEEKED = 300
MOST_OF = 0.9  # the share of peeked rows that a convention or kind must fit
# role -> names of fields, the likeliest first; of objects within a row the last part of the path counts
NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "query", "question_stem", "problem", "ctx", "goal", "instruction", "sentence", "prompt",
                 "input", "messages", "conversations", "text"),
    "context": ("passage", "context", "article", "premise", "story"),
    "options": ("options", "choices", "endings", "candidates", "mc1_targets", "answers"),
    "answer": ("answer_star", "answerkey", "answer_key", "correct_answer", "gold", "answer", "target", "label",
               "answer_idx", "answer_index", "correct_option", "solution", "expected", "output", "ref.trace", "chosen",
               "completion", "response", "messages", "conversations"),
    "id": ("id", "ex_id", "example_id", "question_id", "qid", "doc_id", "item_id", "uid", "uuid", "idx", "index",
           "problem_id", "task_id", "ind"),
    "group": ("cluster", "group", "subject", "category", "topic"),
    "template": ("template", "template_id", "pattern"),
    "response": ("completion", "response", "generation", "generated_text", "model_output", "output", "prediction_text",
                 "responses", "completions", "text"),
    "predicted": ("parsed.answer", "predicted", "prediction", "pred", "extracted_answer", "model_answer", "parsed_answer"),
    "correct": ("correct", "is_correct", "exact_match", "acc", "passed", "correctness", "right"),
    "score": ("reward.total", "reward", "score", "value", "rewards"),
    "format": ("valid_format", "parsed.valid_format", "format", "format_ok", "parsed_ok", "valid"),
    "kept": ("kept", "selected", "accepted"),
    "seed": ("seed", "run_seed", "training_seed"),
}  # fmt: skip
# fields that tell runs of one file apart; all that are there are taken
RUNS = ("run", "run_id", "filter", "phase", "model", "platform", "arm", "checkpoint", "policy", "pool")
COLUMNS = (  # options as fields of their own; {} stands for the label
    "option_{}", "option{}", "choice_{}", "choice{}", "sol{}", "ending{}", "ending_{}", "opt_{}", "op{}", "answer{}", "{}",
)  # fmt: skip
DEEP = ("question", "answer", "options", "id")  # roles that are looked for in objects within a row
SERIES = ("ABCDEFGHIJ", "abcdefghij", "0123456789", "123456789")


def understand(path: Path | str, part: str, mapping: Mapping[str, Any] | None = None) -> Fields:
    """What the fields of a file are. part: train, eval or samples. mapping: role -> path, as a mapping file has it.

    Raises InputError where the file has no rows, or where a named field does not exist.
    """
    source = open_source(path)
    fields = Fields(source, part)
    peeked = [row for _, row in itertools.islice(source.rows(None), PEEKED)]
    if not peeked:
        raise InputError(f"{source.path}: no rows")
    fields.layout = layout_of(peeked[0])
    if fields.layout in LAYOUTS:
        peeked = [LAYOUTS[fields.layout](row) for row in peeked]
    mapping = dict(mapping or {})
    present = _present(peeked)
    fields.where = {
        str(name): tuple(map(scalar_text, value)) if isinstance(value, list) else (scalar_text(value),)
        for name, value in (mapping.pop("where", None) or {}).items()
    }
    for name in fields.where:
        if name not in present:
            raise InputError(f"{source.path}: where: no field {name!r} (fields: {_listed(present)})")
    if fields.where:
        peeked = [row for _, row in itertools.islice(fields.rows(everything=True), PEEKED)]
        if not peeked:
            raise InputError(f"{source.path}: where: no row is so")
        present = _present(peeked)
    fields.kind, fields.convention = mapping.pop("kind", ""), mapping.pop("key", "")
    for role, path_of in mapping.items():
        for one in [path_of] if isinstance(path_of, str) else path_of:
            if one not in present and not (role == "options" and one == "question"):
                raise InputError(f"{source.path}: {role}: no field {one!r} (fields: {_listed(present)})")
        fields.at[role] = path_of if isinstance(path_of, str) else tuple(path_of)
        fields.named.add(role)
    certain = FIELDS.get(fields.layout, {})
    for role in OF_PART[part]:
        if role in fields.at:
            continue
        if role == "run":
            if runs := tuple(name for name in RUNS if present.get(name)):
                fields.at[role] = runs
        elif role in certain:
            if certain[role] in present:
                fields.at[role] = certain[role]
        elif (found := _guess(role, present, peeked, part)) is not None:
            fields.at[role] = found
    _settle(fields, peeked, present)
    if part != "samples" and "question" not in fields.at:
        raise InputError(
            f"{source.path}: no field looks like a question (fields: {_listed(present)}): name it in a mapping file"
        )
    return fields


def _listed(present: Mapping[str, int]) -> str:
    names = sorted(present)
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")


def _present(rows: Sequence[Row]) -> dict[str, int]:
    """Paths of the rows (three objects deep), with the number of rows that have a value there."""
    counts: dict[str, int] = {}

    def walk(value: Row, prefix: str, depth: int) -> None:
        for name, part in value.items():
            path = f"{prefix}{name}"
            counts[path] = counts.get(path, 0) + (part is not None)
            if isinstance(part, dict) and depth < 3:
                walk(part, f"{path}.", depth + 1)

    for row in rows:
        walk(row, "", 1)
    return counts


def _guess(
    role: str, present: Mapping[str, int], rows: Sequence[Row], part: str
) -> str | tuple[str, ...] | None:
    fits = _FITS.get(role, lambda value: not isinstance(value, (dict, list)))
    for name in NAMES[role]:
        paths = [p for p in present if p.lower() == name or ("." in p and "." not in name and p.lower().rsplit(".", 1)[1] == name)]  # fmt: skip
        for path in sorted(paths, key=lambda one: (one.count("."), one)):
            if path.count(".") and "." not in name and (part == "samples" or role not in DEEP):
                continue  # deep fields are other things as often as not
            values = [v for v in map(getter(path), rows) if v is not None]
            if len(values) >= len(rows) / 2 and all(map(fits, values)):
                return path
    return None


def _is_text(value: Any) -> bool:
    return bool(question_text(value)) or value == ""


_FITS: dict[str, Callable[[Any], bool]] = {
    "question": _is_text,
    "context": lambda value: isinstance(value, str),
    "options": lambda value: options_of(value) is not None,
    "answer": lambda value: answer_text(value) != "" or value in ("", []),
    "response": lambda value: isinstance(value, (str, list)),
    "predicted": lambda value: isinstance(value, (str, int, float)),
    "score": lambda value: number(value) is not None,
    "correct": lambda value: truth(value) is not None or number(value) is not None,
    "format": lambda value: truth(value) is not None,
    "kept": lambda value: truth(value) is not None,
}


def _settle(fields: Fields, rows: Sequence[Row], present: Mapping[str, int]) -> None:
    """Options, and how the key is written."""
    if fields.at.get("options") == "question":
        del fields.at["options"]
        fields.inside = True
    elif "options" not in fields.at and (columns := _option_columns(present, len(rows))) is not None:
        fields.at["options"], fields.labels = columns
    elif isinstance(fields.at.get("options"), tuple):
        fields.labels = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if "options" not in fields.at and "question" in fields.at and not fields.inside:
        asked = [question_text(value) for value in map(fields.get("question"), rows)]
        fields.inside = sum(split_options(text) is not None for text in asked) >= MOST_OF * len(asked)
    if (
        "answer" in fields.at
        and fields.at["answer"] == fields.at.get("question")
        and not _chats(fields, rows)
    ):
        del fields.at["answer"]
    said = {fields.at[role] for role in ("response", "predicted") if role in fields.at}
    if fields.part == "samples" and fields.at.get("answer") in said and "answer" not in fields.named:
        del fields.at["answer"]  # what a model said is no key
    item, values = fields.reader(), list(map(fields.get("answer"), rows))
    optioned = [(item(row).options, value) for row, value in zip(rows, values, strict=True)]
    pairs = [(options, value) for options, value in optioned if options is not None]
    known = [answer_text(value) for value in values if value is not None]
    if not fields.kind:
        if pairs and len(pairs) >= MOST_OF * len(rows):
            fields.kind = "choice"
        elif known and fields.part == "samples" and "answer" not in fields.at:
            fields.kind = ""
        elif known:
            read = sum(declared_number(text) is not None or number_text(text) is not None for text in known)
            fields.kind = "number" if read >= MOST_OF * len(known) else "text"
    if fields.kind == "choice" and not fields.convention and known:
        fields.convention = _convention(fields, [(o, v) for o, v in pairs if v is not None])


def _chats(fields: Fields, rows: Sequence[Row]) -> bool:
    return any(message_text(value, "assistant") is not None for value in map(fields.get("answer"), rows))


def _option_columns(present: Mapping[str, int], n: int) -> tuple[tuple[str, ...], str] | None:
    for pattern in COLUMNS:
        for series in SERIES:
            names = list(
                itertools.takewhile(lambda name: name in present, (pattern.format(x) for x in series))
            )
            if (
                len(names) >= 2
                and (pattern != "{}" or (series[0] in "Aa" and len(names) >= 2))
                and present[names[1]] >= n / 2
            ):
                return tuple(names), series[: len(names)]
    return None


def _convention(fields: Fields, pairs: Sequence[tuple[Options, Any]]) -> str:
    """How keys name options: what fits most rows. Places from 0 and from 1 fit equally where neither end is used."""
    if not pairs:
        return ""
    fit = {
        name: sum(key_index(answer_text(value), options, name) is not None for options, value in pairs)
        for name in CONVENTIONS
    }
    best = max(CONVENTIONS, key=lambda name: fit[name])
    fields.fits = fit[best] / len(pairs)
    if best == "from 0" and fit["from 1"] == fit["from 0"]:
        fields.doubt = " (from 1 fits the first rows as well: `key: from 1` in a mapping file says so)"
    return best if fit[best] else ""
