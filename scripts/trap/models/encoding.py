"""From texts to token ids, for every platform: the same ids, the same refusals. Nothing here imports a framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from trap.files import InputError
from trap.models.batching import Tokens
from trap.platforms import Example

# Files that tell other tools how to use a tokenizer.
BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "generation_config.json")


def end_and_pad(raw: dict[str, Any]) -> tuple[list[int], int]:
    """Ids that end a completion, and the one that pads, from a `config.json`."""
    ends = raw.get("eos_token_id")
    ends = list(ends) if isinstance(ends, list) else [ends]
    if not ends or ends[0] is None:
        raise InputError("config.json: eos_token_id: missing, so no completion could end")
    pad = raw.get("pad_token_id")
    return ends, ends[0] if pad is None else pad


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, with nothing added."""
    return [e.ids for e in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def tokens_of(tokenizer: Tokenizer, examples: Sequence[Example], end: int) -> list[Tokens]:
    """(prompt, completion + end) tokens; the two are encoded apart, as they meet when sampling.

    Without a prompt, the first token of the completion stands in its place: nothing comes before it to predict it from.
    """
    prompts = encode(tokenizer, [e.prompt for e in examples])
    completions = encode(tokenizer, [e.completion for e in examples])
    pairs = [(p, [*c, end]) for p, c in zip(prompts, completions, strict=True)]
    return [(p, c) if p else (c[:1], c[1:]) for p, c in pairs]


def check_lengths(pairs: Sequence[Tokens], most: int) -> None:
    """Raises InputError for an example that the settings have no room for."""
    for number, (prompt, completion) in enumerate(pairs):
        if (length := len(prompt) + len(completion)) > most:
            raise InputError(
                f"example {number}: {length} tokens do not fit max_length {most}; nothing is cut silently"
            )


def read_tokenizer(folder: Path) -> Tokenizer:
    """`tokenizer.json` of a model folder. Raises InputError where there is none that can be read."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise InputError(f"{path}: missing tokenizer (only the tokenizer.json format is read)")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise InputError(f"{path}: not a readable tokenizer: {error}") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()  # some files switch it on; nothing is cut silently
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Tokenizer, source: Path | None) -> None:
    """`tokenizer.json`, and what lies beside it in the folder that the model came from."""
    tokenizer.save(str(folder / "tokenizer.json"))
    for name in BESIDE:
        if source is not None and (source / name).is_file():
            (folder / name).write_bytes((source / name).read_bytes())


def check_same_tokenizer(folder: Path, base: Path) -> None:
    """Raises InputError where an adapter folder brings a tokenizer other than its base's."""
    if not ((folder / "tokenizer.json").is_file() and (base / "tokenizer.json").is_file()):
        return
    if read_tokenizer(folder).get_vocab() != read_tokenizer(base).get_vocab():
        raise InputError(f"{folder / 'tokenizer.json'}: not the tokenizer of the base model {base}")
