"""What TRL's trainer is given: tokens and labels, in the order of the other platforms. Imports neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trap.files import InputError
from trap.models.batching import Tokens, batches
from trap.platforms import Fit

IGNORED = -100


def check_told(pairs: Sequence[Tokens]) -> None:
    """Raises InputError where there is nothing to learn: no examples, or one whose completion is empty."""
    if not pairs:
        raise InputError("nothing to fit: no examples")
    for number, (prompt, completion) in enumerate(pairs):
        if len(completion) < 2:  # the end token alone
            raise InputError(f"example {number}: its completion is empty, so that there is nothing to learn")
        if not prompt:
            raise InputError(f"example {number}: its prompt is empty")


def row(prompt: Sequence[int], completion: Sequence[int]) -> dict[str, list[int]]:
    """One example: all tokens, and labels that leave the prompt out."""
    return {"input_ids": [*prompt, *completion], "labels": [IGNORED] * len(prompt) + list(completion)}


def in_order(pairs: Sequence[Tokens], settings: Fit, seed: int) -> list[dict[str, list[int]]]:
    """Every example that a fit sees, batch after batch, as on the other platforms."""
    check_told(pairs)
    chosen = batches(pairs, settings.batch_size, settings.max_steps, seed)
    return [row(*example) for batch in chosen for example in batch]


def collated(rows: Sequence[dict[str, Any]], pad: int) -> dict[str, list[list[int]]]:
    """Right-padded `input_ids`, `attention_mask` and `labels` of a batch."""
    longest = max(len(each["input_ids"]) for each in rows)
    made: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for each in rows:
        tokens, missing = list(each["input_ids"]), longest - len(each["input_ids"])
        made["input_ids"].append(tokens + [pad] * missing)
        made["attention_mask"].append([1] * len(tokens) + [0] * missing)
        made["labels"].append(list(each["labels"]) + [IGNORED] * missing)
    return made
