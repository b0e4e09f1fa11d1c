"""Fits that train attention alone, or hold the first layers: what moves, on every platform, and what is saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

import tiny_models as tiny
from skips import needs
from test_lora import TOKENS, logits
from trap.files import InputError
from trap.platforms import Fit
from trap.platforms.torch import grpo, load
from trap.platforms.unsloth.arguments import adapter_arguments
from trap.training.policy_gradient import Objective, Rollout

LORA = Fit(max_steps=6, batch_size=16, learning_rate=2e-2, tune="lora", lora_r=4, lora_alpha=12)
FULL = replace(LORA, tune="full")
ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
PARTS: dict[str, tuple[dict[str, Any], Callable[[str], bool]]] = {
    "attention": ({"target_modules": "attention"}, lambda name: "self_attn" in name),
    "last layer": ({"freeze_layers": 0.5}, lambda name: "layers.0." not in name and "embed" not in name),
    "attention of the last layer": (
        {"target_modules": "attention", "freeze_layers": 0.5},
        lambda name: "layers.1.self_attn" in name,
    ),
}
part = pytest.mark.parametrize("name", PARTS)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tiny.save(tiny.model([1, 0]), tmp_path / "base")


def moved(model: Any, base: Path) -> set[str]:
    fresh = load([base], "cpu").weights
    return {name for name, tensor in fresh.items() if not torch.equal(model.weights[name], tensor)}


@part
@pytest.mark.parametrize("settings", [LORA, FULL], ids=["lora", "full"])
@pytest.mark.parametrize("by", ["fit", "policy gradient"])
def test_only_what_learns_moves(name: str, settings: Fit, by: str, base: Path) -> None:
    more, learns = PARTS[name]
    model, settings = load([base], "cpu"), replace(settings, **more)
    if by == "fit":
        model.fit(tiny.texts(), settings, 1, tiny.ignore)
    else:
        learner = grpo.learner(model, settings, Objective(), 1)
        for _ in range(3):
            learner.observe([Rollout(e.prompt, e.completion, 1.0) for e in tiny.texts()[:12]], several=False)
            learner.step(range(12), 1.0)
        learner.close()
    trained = {n for n in model.weights if settings.tune == "full" or "_proj" in n}
    assert moved(model, base) == {n for n in trained if learns(n)} != set()


@part
def test_an_adapter_on_a_part_is_one_for_peft(name: str, base: Path, tmp_path: Path) -> None:
    model = load([base], "cpu")
    model.fit(tiny.texts(), replace(LORA, **PARTS[name][0]), 1, tiny.ignore)
    model.save(tmp_path / "adapter", base=str(base))
    again = load([base, tmp_path / "adapter"], "cpu")
    peer = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), tmp_path / "adapter"
    )
    held = {n.split(".lora_")[0] for n, _ in peer.named_parameters() if "lora_" in n}
    assert len(held) == len(model.adapter.a)
    with torch.no_grad():
        torch.testing.assert_close(logits(again, TOKENS), peer(TOKENS).logits, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(logits(again, TOKENS), logits(model, TOKENS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tune", ["lora", "full"])
@pytest.mark.parametrize(
    ("more", "learns"),
    [
        ({"target_modules": "attention"}, lambda name: ".attn." in name),
        ({"freeze_layers": 0.5}, lambda name: ".h.0." not in name and ".wte" not in name and ".wpe" not in name),
    ],
    ids=["attention", "last layer"],
)  # fmt: skip
def test_other_architectures_learn_in_part_too(
    tune: str, more: dict, learns: Callable, tmp_path: Path
) -> None:
    sizes = {
        "vocab_size": tiny.tokenizer().get_vocab_size(),
        "n_positions": 64,
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 2,
    }
    folder = tiny.foreign(
        tmp_path / "gpt2", tiny.randomized(GPT2LMHeadModel(GPT2Config(**sizes, eos_token_id=1)))
    )
    model = load([folder], "cpu")
    before = {n: p.detach().clone() for n, p in model.model.named_parameters()}
    model.fit(tiny.texts(), replace(LORA, tune=tune, **more), 1, tiny.ignore)
    if tune == "lora":
        model.model = model.model.merge_and_unload()
    changed = {n for n, p in model.model.named_parameters() if not torch.equal(p, before[n])}
    matrices = {n for n in before if tune == "full" or (".h." in n and before[n].ndim == 2)}
    assert changed == {n for n in matrices if learns(n)} != set()


@needs("mlx")
@part
@pytest.mark.parametrize("settings", [LORA, FULL], ids=["lora", "full"])
def test_mlx_moves_what_torch_moves(name: str, settings: Fit, base: Path, tmp_path: Path) -> None:
    from trap.platforms import mlx

    more, learns = PARTS[name]
    model = mlx.load([base], "cpu")
    model.fit(tiny.texts(), replace(settings, **more), 1, tiny.ignore)
    model.save(tmp_path / "made", base=str(base))
    chain = [tmp_path / "made"] if settings.tune == "full" else [base, tmp_path / "made"]
    again = mlx.load(chain, "cpu")
    assert again.logprobs(tiny.texts()) == pytest.approx(model.logprobs(tiny.texts()), abs=1e-4)
    if settings.tune == "full":
        assert moved(load(chain, "cpu"), base) == {n for n in load([base], "cpu").weights if learns(n)}
    else:
        held = json.loads((tmp_path / "made/adapter_config.json").read_text())
        keys = {key.split(".")[1] for key in held["lora_parameters"]["keys"]}
        assert (keys == ATTENTION) == ("target_modules" in more)
        assert held["num_layers"] == (1 if "freeze_layers" in more else 2)


def test_unsloth_is_told_the_same() -> None:
    made = adapter_arguments(replace(LORA, target_modules="attention", freeze_layers=0.3), 1, 10)
    assert set(made["target_modules"]) == ATTENTION and made["layers_to_transform"] == list(range(3, 10))
    assert adapter_arguments(LORA, 1, 10)["layers_to_transform"] is None


def test_a_fit_of_nothing_is_one_line(base: Path) -> None:
    with pytest.raises(InputError, match=r"freeze_layers: 0\.9 of 2 layers leaves none to learn"):
        load([base], "cpu").fit(tiny.texts(), replace(LORA, freeze_layers=0.9), 1, tiny.ignore)
