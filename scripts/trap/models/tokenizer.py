"""A whole-piece tokenizer for the nano models, in the standard `tokenizer.json` format.

Two cores train on pieces, so pieces are worth counting: words and the set phrases of a study are one
piece each, with their leading space. A Unigram model with byte fallback cuts any text without loss and
needs no code to load (transformers, mlx-lm and tokenizers read it as it is).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models

PAD, EOS, UNK = "<pad>", "<eos>", "<unk>"
WORD = re.compile(r"\n|[^\S\n]?[A-Za-z0-9_]+|[^\S\n]?[^\sA-Za-z0-9_]|[^\S\n]")


def build_tokenizer(texts: Iterable[str], phrases: Iterable[str]) -> Tokenizer:
    """A tokenizer whose pieces are the phrases and every word of the texts."""
    longest_first = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    pattern = re.compile("|".join([*map(re.escape, longest_first), WORD.pattern]))
    pieces = dict.fromkeys(longest_first)
    words = {piece for text in texts for piece in pattern.findall(text)}
    pieces.update(dict.fromkeys(sorted(words)))
    vocabulary = [(PAD, 0.0), (EOS, 0.0), (UNK, 0.0)]
    vocabulary += [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
    vocabulary += [(piece, -1.0) for piece in pieces]  # equal scores: the fewest pieces win
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2, byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([PAD, EOS])
    return tokenizer


def write_tokenizer_config(folder: Path) -> None:
    """The `tokenizer_config.json` that transformers expects beside `tokenizer.json`."""
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": EOS,
        "pad_token": PAD,
        "unk_token": UNK,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 2048,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
