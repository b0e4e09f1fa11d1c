"""The weights that a release holds: files of the page's models in `weights/`, and `weights.json`, which says what they are.

    weights/MODEL.ARM.bin             a merged model in float16 (`trap.models.page_model`)
    weights/MODEL.ARM.tokenizer.json  its tokenizer
    weights/weights.json              by MODEL.ARM: the run, SHA-256 of both files, and how many released answers they give

Nothing in here loads a model.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from trap.files import InputError, read_json
from trap.models.page_header import read_header
from trap.workflow.closure import sha256_file

RECORD = "weights.json"
_OWNER = ("run_id", "model", "arm", "seed")


class Answers(Struct, kw_only=True, forbid_unknown_fields=True):
    """How many of a run's stored greedy answers a model gives again, sign by sign.

    same_before_rounding: the same of the float32 weights, which the run had. other: POOL/ID of the answers that differ.
    """

    asked: int
    same: int
    same_before_rounding: int
    other: list[str] = []


class Weights(Struct, kw_only=True, forbid_unknown_fields=True):
    """A model of `weights.json`. sha256, bytes: of the model file; tokenizer: SHA-256 of that file."""

    run_id: str
    model: str
    arm: str
    seed: int
    parameters: int
    sha256: str
    bytes: int
    tokenizer: str
    answers: Answers


def tokenizer_of(model: Path) -> Path:
    """The path of the tokenizer file that belongs to a model file."""
    return model.with_suffix(".tokenizer.json")


def read_record(folder: Path) -> dict[str, Weights]:
    """`weights.json` of a folder of weights by MODEL.ARM; empty where there is none. Raises InputError for a damaged one."""
    path = folder / RECORD
    return read_json(path, dict[str, Weights]) if path.is_file() else {}


def checked(model: Path) -> Weights:
    """What the record says of a model file, which is the recorded one, with its tokenizer.

    Raises InputError, in one line, for a file that is missing, damaged, not recorded, or of another model.
    """
    record, name = model.parent / RECORD, model.name.removesuffix(".bin")
    told = read_record(model.parent).get(name)
    if told is None:
        raise InputError(f"{record}: {name}: it names no such model")
    for path, wanted in ((model, told.sha256), (tokenizer_of(model), told.tokenizer)):
        if not path.is_file():
            raise InputError(f"{path}: no such file, though {RECORD} names it: take it from the repository")
        if (found := sha256_file(path)) != wanted:
            raise InputError(
                f"{path}: damaged: SHA-256 {found[:12]}…, in {RECORD} {wanted[:12]}…: take it from the repository"
            )
    header = read_header(model)
    for key in _OWNER:
        if header.get(key) != getattr(told, key):
            raise InputError(
                f"{model}: another model: {key} {header.get(key)!r}, in {RECORD} {getattr(told, key)!r}"
            )
    if name != f"{told.model}.{told.arm}":
        raise InputError(f"{record}: {name}: it is {told.model}.{told.arm}")
    return told


def troubles(folder: Path) -> list[str]:
    """What is wrong with a folder of weights, a line each: none for a whole one, or where there is none."""
    if not folder.is_dir():
        return []
    found = []
    try:
        names = list(read_record(folder))
    except InputError as error:
        return [str(error)]
    named = {RECORD, *(f"{name}{end}" for name in names for end in (".bin", ".tokenizer.json"))}
    found += [
        f"{path}: {RECORD} does not name it"
        for path in sorted(folder.iterdir())
        if path.name not in named and not path.name.startswith(".")
    ]
    for name in names:
        try:
            checked(folder / f"{name}.bin")
        except InputError as error:
            found.append(str(error))
    return found
