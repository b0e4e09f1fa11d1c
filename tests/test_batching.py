"""What platforms share is what the torch platform does, value for value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_models as tiny
from trap.files import InputError
from trap.models import batching, encoding
from trap.platforms import torch as platform
from trap.platforms.torch import fitting, sampling

PAIRS = st.lists(
    st.tuples(st.lists(st.integers(3, 90), min_size=1, max_size=12), st.lists(st.integers(3, 90), min_size=1, max_size=6)),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(1, 9), st.integers(1, 40), st.integers(0, 2**31))
def test_batches_are_torch_s(pairs: list, size: int, steps: int, seed: int) -> None:
    assert list(batching.batches(pairs, size, steps, seed)) == list(fitting.batches(pairs, size, steps, seed))


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_collated_batches_are_torch_s(pairs: list) -> None:
    tokens, labels, first = fitting.collate(pairs, 0, torch.device("cpu"))
    found = batching.collate(pairs, 0)
    np.testing.assert_array_equal(found[0], tokens.numpy())
    np.testing.assert_array_equal(found[1], labels.numpy())
    assert found[2] == first


@given(st.integers(1, 400), st.floats(0, 1))
def test_rates_are_torch_s(steps: int, warmup: float) -> None:
    assert batching.BUCKETED == fitting.BUCKETED
    for step in {0, steps // 3, steps // 2, steps - 1}:
        assert batching.learning_rate(step, steps, warmup) == fitting.learning_rate(step, steps, warmup)


def test_random_streams_are_torch_s() -> None:
    for key in (0, 11, 2**64 - 1):
        assert (batching.uniforms(key, 3, 5) == sampling.uniforms(key, 3, 5)).all()


def test_texts_become_torch_s_tokens(tmp_path: Path) -> None:
    folder = tiny.save(tiny.model([1]), tmp_path / "model")
    ours, theirs = encoding.read_tokenizer(folder), platform.read_tokenizer(folder)
    examples = tiny.texts()
    assert encoding.tokens_of(ours, examples, 1) == platform.tokens_of(theirs, examples, 1)
    for raw in ({"eos_token_id": 3}, {"eos_token_id": [4, 5], "pad_token_id": 0}):
        assert encoding.end_and_pad(raw) == platform.end_and_pad(raw)
    with pytest.raises(InputError, match="eos_token_id: missing"):
        encoding.end_and_pad({})
    with pytest.raises(InputError, match="missing tokenizer"):
        encoding.read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="not a readable tokenizer"):
        encoding.read_tokenizer(tmp_path)
    with pytest.raises(InputError, match="3 tokens do not fit max_tokens 2"):
        encoding.check_lengths([([1], [1]), ([1, 2], [3])], 2)
