"""What every platform does before any arithmetic: order, batches, padding, rates, random streams, token ids."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_models as tiny
from trap.files import InputError
from trap.models import batching, encoding
from trap.models.batching import batches, collate, learning_rate, share_rows, uniforms
from trap.platforms import Example, split_lineage

PAIRS = st.lists(
    st.tuples(st.lists(st.integers(3, 90), min_size=1, max_size=12), st.lists(st.integers(3, 90), min_size=1, max_size=6)),
    min_size=1, max_size=40,
)  # fmt: skip


@pytest.mark.parametrize("count, size", [(64, 4), (100, 8), (7, 4), (333, 16)])
def test_batches_show_every_example_equally_often(count: int, size: int) -> None:
    examples = [([2] * (1 + i % 9), [i + 3, 1]) for i in range(count)]
    chunk = size * batching.BUCKETED
    steps = 4 * math.lcm(chunk, count) // chunk // 4 * batching.BUCKETED  # whole chunks and whole epochs
    seen = Counter(c[0] for batch in batches(examples, size, steps, 1) for _, c in batch)
    assert len(seen) == count and len(set(seen.values())) == 1


def test_batches_are_fixed_by_the_seed_and_of_similar_length() -> None:
    examples = [([2] * (1 + i * 7 % 40), [i + 3, 1]) for i in range(500)]
    drawn = list(batches(examples, 16, 100, 1))
    assert drawn == list(batches(examples, 16, 100, 1))
    assert drawn[:50] == list(batches(examples, 16, 50, 1))
    assert drawn != list(batches(examples, 16, 100, 2))
    assert all(len(batch) == 16 for batch in drawn)
    real = sum(len(p) + len(c) for batch in drawn for p, c in batch)
    padded = sum(16 * max(len(p) + len(c) for p, c in batch) for batch in drawn)
    assert real / padded > 0.9
    # Sorted within a chunk, but not one after the other: lengths do not rise through training.
    lengths = [len(batch[0][0]) for batch in drawn[:16]]
    assert lengths != sorted(lengths) and lengths != sorted(lengths, reverse=True)


def test_the_order_of_a_seed_is_the_one_of_the_committed_results() -> None:
    # Another order would change every trained weight, and no other test would say so at once.
    examples = [([2] * (1 + i % 5), [i, 1]) for i in range(10)]
    drawn = [[c[0] for _, c in batch] for batch in batches(examples, 3, 6, 7)]
    assert drawn == [[9, 9, 9], [7, 3, 3], [4, 9, 9], [5, 1, 1], [6, 2, 2], [5, 5, 5]]


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_a_label_lies_where_its_token_is_predicted_and_nowhere_else(pairs: list) -> None:
    tokens, labels, first = collate(pairs, 0)
    assert first == min(len(prompt) for prompt, _ in pairs) - 1
    assert labels.shape == (len(pairs), tokens.shape[1] - first)
    for row, (prompt, completion) in enumerate(pairs):
        whole = [*prompt, *completion]
        assert tokens[row].tolist() == whole[:-1] + [0] * (tokens.shape[1] - len(whole) + 1)
        wanted = [-100] * tokens.shape[1]
        wanted[len(prompt) - 1 : len(whole) - 1] = completion
        assert labels[row].tolist() == wanted[first:]


def test_completions_that_differ_in_their_last_token_share_a_row() -> None:
    rows = share_rows([([5], [6, 7, 1]), ([5], [6, 8, 1]), ([5], [7, 1]), ([4], [1])])
    assert rows == {((5,), (6,)): [(0, 7), (1, 8)], ((5,), ()): [(2, 7)]}


def test_the_rate_rises_then_falls_to_zero() -> None:
    for steps, warmup in ((100, 0.1), (10, 0.0), (3, 0.5), (1, 0.0), (5, 1.0)):
        rates = [learning_rate(step, steps, warmup) for step in range(steps)]
        peak = rates.index(max(rates))
        assert rates[: peak + 1] == sorted(rates[: peak + 1]) and max(rates) == 1
        assert rates[peak:] == sorted(rates[peak:], reverse=True) and min(rates) > 0
        assert learning_rate(steps, steps, warmup if warmup < 1 else 0.0) == 0


def test_a_key_has_one_stream_of_uniforms() -> None:
    few, many = uniforms(11, 2, 5), uniforms(11, 4, 5)
    assert (few == many[:2]).all() and ((many >= 0) & (many < 1)).all()
    assert (uniforms(2**64 - 1, 2, 5) != few).all()
    np.testing.assert_array_equal(
        uniforms(0, 1, 3), np.random.Generator(np.random.Philox(key=0)).random((1, 3))
    )


def test_texts_become_tokens_and_a_completion_gets_its_end(tmp_path: Path) -> None:
    tokenizer = encoding.read_tokenizer(tiny.save(tiny.model([1]), tmp_path / "model"))
    example = Example("The apple, red, is", " hat and red.")
    ((prompt, completion),) = encoding.tokens_of(tokenizer, [example], 1)
    assert completion[-1] == 1
    assert (
        tokenizer.decode(prompt) == example.prompt and tokenizer.decode(completion[:-1]) == example.completion
    )
    with pytest.raises(InputError, match="missing tokenizer"):
        encoding.read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="not a readable tokenizer"):
        encoding.read_tokenizer(tmp_path)


def test_a_model_says_what_ends_and_what_pads() -> None:
    assert encoding.end_and_pad({"eos_token_id": 3}) == ([3], 3)
    assert encoding.end_and_pad({"eos_token_id": [4, 5], "pad_token_id": 0}) == ([4, 5], 0)
    with pytest.raises(InputError, match="eos_token_id: missing"):
        encoding.end_and_pad({})


def test_what_has_no_room_is_refused() -> None:
    with pytest.raises(InputError, match="3 tokens do not fit max_length 2"):
        encoding.check_lengths([([1], [1]), ([1, 2], [3])], 2)


def test_a_lineage_begins_at_its_last_whole_model(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("base", "adapter", "whole", "last")]
    for folder in folders:
        folder.mkdir()
    for name in ("base", "whole"):
        (tmp_path / name / "config.json").write_text("{}")
    assert split_lineage(folders) == (tmp_path / "whole", [tmp_path / "last"])
    assert split_lineage(folders[:2]) == (tmp_path / "base", [tmp_path / "adapter"])
    with pytest.raises(InputError, match=r"adapter: no config\.json: not a model folder"):
        split_lineage(folders[1:2])
