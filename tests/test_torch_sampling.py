"""Sampling: the right distribution, from each prompt's own stream, whatever else is in the batch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import AutoModelForCausalLM

import tiny_models as tiny
from trap.platforms import Example
from trap.platforms.torch import TorchModel, sampling
from trap.platforms.torch.decoder import Decoder

PROMPTS = [e.prompt for e in tiny.texts()[::5]]
KEYS = [1000 + i for i in range(len(PROMPTS))]


@pytest.fixture(scope="module", params=["rotary", "none", "mixed"])
def model(request: pytest.FixtureRequest) -> TorchModel:
    return tiny.model({"rotary": [1, 1], "none": [0, 0], "mixed": [1, 0]}[request.param])


def ids(model: TorchModel, text: str) -> list[int]:
    return model.tokenizer.encode(text, add_special_tokens=False).ids


def logits_after(model: TorchModel, prompt: list[int]) -> torch.Tensor:
    """The whole sequence anew: no cache, no batch."""
    decoder = Decoder(model.config, model.weights)
    return decoder.logits(decoder.hidden(torch.tensor([prompt]))[0, -1])


@pytest.mark.parametrize("rope", [[1, 1], [0, 0], [1, 0]])
def test_greedy_equals_generate_of_transformers(rope: list[int], tmp_path: Path) -> None:
    model = tiny.model(rope)
    peer = AutoModelForCausalLM.from_pretrained(tiny.save(model, tmp_path), dtype=torch.float32)
    drawn = model.sample(PROMPTS, num_generations=1, temperature=0.0, max_completion_length=12, keys=KEYS)
    for prompt, (text,) in zip(PROMPTS, drawn, strict=True):
        tokens = torch.tensor([ids(model, prompt)])
        out = peer.generate(
            tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=12
        )
        assert model.tokenizer.decode(out[0, tokens.shape[1] :].tolist(), skip_special_tokens=True) == text


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax(temperature: float) -> None:
    model = tiny.model([1, 0])
    prompt = ids(model, PROMPTS[1])
    logits = logits_after(model, prompt) / temperature
    expected = logits.double().softmax(-1).numpy()
    count = 4096
    (group,) = sampling.sample_tokens(
        Decoder(model.config, model.weights), [prompt], samples=count, temperature=temperature, steps=1,
        eos=model.eos, pad=model.pad, keys=[5],
    )  # fmt: skip
    seen = Counter(row[0] if row else model.eos[0] for row in group)
    common = np.argsort(-expected)[: int((expected * count >= 5).sum())]  # chi-square wants five or more each
    assert len(common) >= 10
    observed = [seen[int(token)] for token in common]
    observed.append(count - sum(observed))
    probabilities = [*expected[common], 1 - expected[common].sum()]
    if probabilities[-1] * count < 5:
        observed, probabilities = observed[:-1], np.array(probabilities[:-1]) / sum(probabilities[:-1])
    assert chisquare(observed, np.array(probabilities) * sum(observed)).pvalue > 0.001


def test_the_second_token_follows_the_first() -> None:
    model = tiny.model([1, 0])
    prompt = ids(model, PROMPTS[1])
    (group,) = sampling.sample_tokens(
        Decoder(model.config, model.weights), [prompt], samples=6000, temperature=0.6, steps=2,
        eos=model.eos, pad=model.pad, keys=[6],
    )  # fmt: skip
    (first, times) = Counter(row[0] for row in group if row).most_common(1)[0]
    expected = (logits_after(model, [*prompt, first]) / 0.6).softmax(-1)
    seen = Counter(row[1] if len(row) > 1 else model.eos[0] for row in group if row and row[0] == first)
    assert times > 200
    for token in expected.topk(3).indices.tolist():
        p = float(expected[token])
        assert abs(seen[token] / times - p) < 4 * (p * (1 - p) / times) ** 0.5


def draw(model: TorchModel, prompts: list[str], keys: list[int], k: int, steps: int = 10) -> list:
    """Tokens, not texts: most pieces of a tiny vocabulary are single bytes, which decode alike."""
    return sampling.sample_tokens(
        Decoder(model.config, model.weights), [ids(model, prompt) for prompt in prompts], samples=k,
        temperature=2.0, steps=steps, eos=model.eos, pad=model.pad, keys=keys,
    )  # fmt: skip


def test_a_completion_depends_on_its_key_alone(model: TorchModel, monkeypatch: pytest.MonkeyPatch) -> None:
    together = draw(model, PROMPTS, KEYS, 4)
    alone = [draw(model, [p], [key], 4)[0] for p, key in zip(PROMPTS, KEYS, strict=True)]
    backwards = draw(model, PROMPTS[::-1], KEYS[::-1], 4)[::-1]
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", 12)  # three prompts at a time
    assert together == alone == backwards == draw(model, PROMPTS, KEYS, 4)
    assert together != draw(model, PROMPTS, [key + 1 for key in KEYS], 4)
    assert all(len(set(map(tuple, group))) == 4 for group in together)


def test_texts_are_the_decoded_tokens_in_order(model: TorchModel) -> None:
    drawn = draw(model, PROMPTS, KEYS, 2)
    texts = model.sample(PROMPTS, num_generations=2, temperature=2.0, max_completion_length=10, keys=KEYS)
    assert texts == [
        [model.tokenizer.decode(row, skip_special_tokens=True) for row in group] for group in drawn
    ]


def test_fewer_samples_are_the_first_of_more(model: TorchModel) -> None:
    assert draw(model, PROMPTS, KEYS, 2) == [group[:2] for group in draw(model, PROMPTS, KEYS, 5)]


def test_two_prompts_with_one_key_draw_alike(model: TorchModel) -> None:
    one, other = draw(model, [PROMPTS[0], PROMPTS[0]], [7, 7], 3)
    assert one == other


def test_dropping_finished_prompts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.model([1, 0])
    # Many tokens end a completion, so that prompts finish at different steps.
    model.eos = [1, *range(3, model.config.vocab_size, 8)]
    left: list[int] = []
    keep = sampling.Cache.keep
    monkeypatch.setattr(sampling.Cache, "keep", lambda *args: left.append(len(args[1])) or keep(*args))
    together = draw(model, PROMPTS, KEYS, 2, steps=20)
    assert len(set(left)) > 2, "too few prompts were dropped: the path was not tested"
    monkeypatch.undo()
    for prompt, key, group in zip(PROMPTS, KEYS, together, strict=True):
        assert draw(model, [prompt], [key], 2, steps=20) == [group]
    assert len({len(row) for group in together for row in group}) > 3


def test_ends_and_limits() -> None:
    model = tiny.model([1, 0])
    decoder = Decoder(model.config, model.weights)
    how = {"samples": 50, "temperature": 2.0, "steps": 7, "pad": model.pad, "keys": [3]}
    prompt = ids(model, PROMPTS[0])
    (free,) = sampling.sample_tokens(decoder, [prompt], eos=[-5], **how)
    assert all(len(row) == 7 for row in free)
    end = free[0][2]
    (cut,) = sampling.sample_tokens(decoder, [prompt], eos=[end], **how)
    for row, whole in zip(cut, free, strict=True):
        assert row == (whole[: whole.index(end)] if end in whole else whole)
    (one,) = sampling.sample_tokens(decoder, [prompt], eos=[end], **(how | {"steps": 1}))
    assert {len(row) for row in one} <= {0, 1}


def test_no_draw_picks_an_impossible_token() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf, 1.0, -torch.inf]]).expand(4, 5)
    draws = torch.tensor([0.0, 0.2, 0.999999999, 1.0 - 2**-53], dtype=torch.float64)
    assert set(sampling.choose(logits, 1.0, draws).tolist()) <= {1, 3}


def test_logprobs_equal_transformers(model: TorchModel, tmp_path: Path) -> None:
    peer = AutoModelForCausalLM.from_pretrained(tiny.save(model, tmp_path), dtype=torch.float32)
    examples = [*tiny.texts()[::7], Example("The", " cup and more and more and more.")]
    scores = model.logprobs(examples)
    for example, score in zip(examples, scores, strict=True):
        prompt, completion = ids(model, example.prompt), ids(model, example.completion)
        with torch.no_grad():
            table = peer(torch.tensor([prompt + completion])).logits[0].double().log_softmax(-1)
        expected = sum(float(table[len(prompt) - 1 + i, token]) for i, token in enumerate(completion))
        assert score == pytest.approx(expected, abs=1e-3)
    assert scores == pytest.approx([model.logprobs([e])[0] for e in examples], abs=1e-4)
    assert scores == pytest.approx(model.logprobs(examples, batch=3), abs=1e-4)


def test_logprobs_of_answers_that_share_a_beginning(model: TorchModel) -> None:
    endings = [Example("The", f" cup and {word}") for word in ("more", "and", "cup")]
    mixed = [endings[0], Example("The cup", ""), endings[1], Example("A", " cup"), endings[2]]
    assert model.logprobs(mixed) == pytest.approx([model.logprobs([e])[0] for e in mixed], abs=1e-4)
    assert model.logprobs(mixed)[1] == 0.0
