"""mlx computes and samples what torch does, whatever else is in the batch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

import tiny_models as tiny
from mlx_models import KEYS, PROMPTS, both, platform, same_scores, trained
from test_torch_decoder import PEERS, padded
from trap.platforms import Example
from trap.platforms.mlx import mx, sampling


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("trained") / "model")


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return platform.load([folder], "cpu")


@torch.no_grad()
@pytest.mark.parametrize("name", sorted(PEERS))
def test_logits_equal_transformers(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    peer = tiny.randomized(PEERS[name]())
    model = platform.load([tiny.foreign(tmp_path, peer)], "cpu")
    lengths = [17, 3, 9]
    tokens = padded(lengths)
    mask = (torch.arange(17) < torch.tensor(lengths)[:, None]).long()
    expected = peer(tokens, attention_mask=mask).logits.numpy()
    assert expected.std() > 0.05
    own = np.array(model.decoder.logits(model.decoder.hidden(mx.array(tokens.numpy()))))
    mlx_lm = np.array(model.model(mx.array(tokens.numpy())))
    for row, length in enumerate(lengths):
        for found in (own, mlx_lm):
            np.testing.assert_allclose(found[row, :length], expected[row, :length], atol=1e-4, rtol=1e-4)


def test_greedy_completions_equal_torch_s(folder: Path) -> None:
    ours, theirs = both(folder)
    how = {"num_generations": 1, "temperature": 0.0, "max_completion_length": 16, "keys": KEYS}
    found = theirs.sample(PROMPTS, **how)
    assert len(PROMPTS) == 50 and len({text for (text,) in found}) > 10
    assert found == ours.sample(PROMPTS, **how)


@pytest.mark.parametrize("name", ["llama", "qwen2", "smollm3 mixed", "smollm3 untied"])
def test_greedy_completions_of_other_architectures(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    ours, theirs = both(tiny.foreign(tmp_path, tiny.randomized(PEERS[name]())))
    how = {"num_generations": 1, "temperature": 0.0, "max_completion_length": 8, "keys": KEYS}
    assert ours.sample(PROMPTS, **how) == theirs.sample(PROMPTS, **how)
    assert same_scores(ours, theirs)


def test_drawn_completions_equal_torch_s(folder: Path) -> None:
    """The same uniforms through the same distribution; a sum that rounds otherwise may move one in many."""
    ours, theirs = both(folder)
    how = {"num_generations": 4, "temperature": 1.0, "max_completion_length": 12, "keys": KEYS}
    pairs = [
        (a, b)
        for one, other in zip(ours.sample(PROMPTS, **how), theirs.sample(PROMPTS, **how), strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    assert sum(a == b for a, b in pairs) >= 0.98 * len(pairs)
    assert len({a for a, _ in pairs}) > 50


def test_log_probabilities_equal_torch_s(folder: Path) -> None:
    ours, theirs = both(folder)
    assert same_scores(ours, theirs)
    examples = tiny.texts()
    assert ours.logprobs(examples) == pytest.approx([ours.logprobs([e])[0] for e in examples], abs=1e-4)
    assert ours.logprobs(examples, batch=3) == pytest.approx(ours.logprobs(examples), abs=1e-4)
    endings = [Example("The", f" cup and {word}") for word in ("more", "and", "cup")]
    mixed = [endings[0], Example("The cup", ""), endings[1], Example("A", " cup"), endings[2]]
    assert ours.logprobs(mixed) == pytest.approx(theirs.logprobs(mixed), abs=1e-4)
    assert ours.logprobs(mixed)[1] == 0.0 and ours.logprobs([]) == []
    assert ours.lengths(PROMPTS) == theirs.lengths(PROMPTS)


def ids(model: Any, text: str) -> list[int]:
    return model.tokenizer.encode(text, add_special_tokens=False).ids


def draw(model: Any, prompts: list[str], keys: list[int], k: int, steps: int = 10) -> list:
    """Tokens, not texts: most pieces of a tiny vocabulary are single bytes, which decode alike."""
    return sampling.sample_tokens(
        model.decoder, [ids(model, prompt) for prompt in prompts], samples=k, temperature=2.0,
        steps=steps, eos=model.eos, pad=model.pad, keys=keys,
    )  # fmt: skip


def test_a_completion_depends_on_its_key_alone(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    together = draw(model, PROMPTS, KEYS, 4)
    some = range(0, 50, 6)
    assert [together[i] for i in some] == [draw(model, [PROMPTS[i]], [KEYS[i]], 4)[0] for i in some]
    assert draw(model, PROMPTS[::-1], KEYS[::-1], 4)[::-1] == together
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", 12)  # three prompts at a time
    assert draw(model, PROMPTS, KEYS, 4) == together
    monkeypatch.setattr(sampling, "CACHE_BYTES", 1)  # one
    assert sampling.prompts_at_once(model.decoder, 4, 10, 10) == 1
    assert draw(model, PROMPTS[:9], KEYS[:9], 4) == together[:9]
    assert draw(model, PROMPTS, [key + 1 for key in KEYS], 4) != together
    assert all(len(set(map(tuple, group))) == 4 for group in together)


def test_fewer_samples_are_the_first_of_more(model: Any) -> None:
    """Up to rounding: the products of attention have other shapes."""
    pairs = zip(draw(model, PROMPTS, KEYS, 2), draw(model, PROMPTS, KEYS, 5), strict=True)
    same = [few == many[:2] for few, many in pairs]
    assert sum(same) >= 0.9 * len(same)


def test_dropping_finished_prompts_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = platform.load([folder], "cpu")
    # Many tokens end a completion, so that prompts finish at different steps.
    model.eos = [1, *range(3, model.raw["vocab_size"], 20)]
    left: list[int] = []
    keep = sampling.Cache.keep
    monkeypatch.setattr(sampling.Cache, "keep", lambda *args: left.append(len(args[1])) or keep(*args))
    together = draw(model, PROMPTS[:12], KEYS[:12], 2, steps=20)
    assert len(set(left)) > 2, "too few prompts were dropped: the path was not tested"
    monkeypatch.undo()
    for prompt, key, group in zip(PROMPTS[:12], KEYS[:12], together, strict=True):
        assert draw(model, [prompt], [key], 2, steps=20) == [group]
    assert len({len(row) for group in together for row in group}) > 3


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_draws_follow_the_softmax(model: Any, temperature: float) -> None:
    prompt = ids(model, PROMPTS[1])
    logits = np.array(model.model(mx.array([prompt]))[0, -1]).astype(np.float64) / temperature
    expected = np.exp(logits - logits.max())
    expected /= expected.sum()
    count = 4096
    (group,) = sampling.sample_tokens(
        model.decoder, [prompt], samples=count, temperature=temperature, steps=1, eos=model.eos,
        pad=model.pad, keys=[5],
    )  # fmt: skip
    seen = Counter(row[0] if row else model.eos[0] for row in group)
    common = np.argsort(-expected)[: int((expected * count >= 5).sum())]  # chi-square wants five or more each
    assert len(common) >= 3
    observed = [seen[int(token)] for token in common]
    observed.append(count - sum(observed))
    probabilities = [*expected[common], 1 - expected[common].sum()]
    if probabilities[-1] * count < 5:
        observed, probabilities = observed[:-1], np.array(probabilities[:-1]) / sum(probabilities[:-1])
    assert chisquare(observed, np.array(probabilities) * sum(observed)).pvalue > 0.001


def test_no_draw_picks_an_impossible_token() -> None:
    logits = mx.array([[-np.inf, 0.0, -np.inf, 1.0, -np.inf]] * 4)
    draws = mx.array(np.array([0.0, 0.2, 0.999999999, 1.0 - 2**-53], dtype=np.float32))
    assert set(sampling.choose(logits, 1.0, draws).tolist()) <= {1, 3}
