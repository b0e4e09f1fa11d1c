"""LoRA adapters: PEFT's format and function, on weights that stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import tiny_models as tiny
from trap.files import InputError
from trap.platforms import Fit
from trap.platforms.torch import TorchModel, load
from trap.platforms.torch.decoder import Decoder
from trap.platforms.torch.lora import Lora, load_lora

SETTINGS = Fit(max_steps=12, batch_size=16, learning_rate=2e-2, tune="lora", lora_r=4, lora_alpha=12)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tiny.save(tiny.model([1, 0]), tmp_path / "base")


@pytest.fixture
def fitted(base: Path) -> TorchModel:
    model = load([base], "cpu")
    model.fit(tiny.texts(), SETTINGS, 1, tiny.ignore)
    return model


@torch.no_grad()
def logits(model: TorchModel, tokens: torch.Tensor) -> torch.Tensor:
    decoder = Decoder(model.config, model.weights)
    return decoder.logits(decoder.hidden(tokens))


TOKENS = torch.tensor([[5, 260, 271, 9, 265], [270, 261, 30, 40, 267]])


@torch.no_grad()
def test_a_saved_adapter_loads_in_peft_with_the_same_logits(
    fitted: TorchModel, base: Path, tmp_path: Path
) -> None:
    facts = fitted.save(tmp_path / "adapter", base=str(base))
    assert facts["format"] == "peft"
    assert facts["trained_parameters"] == sum(t.numel() for t in fitted.adapter.parameters().values())
    whole = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    plain = whole(TOKENS).logits
    peer = PeftModel.from_pretrained(whole, tmp_path / "adapter")
    torch.testing.assert_close(logits(fitted, TOKENS), peer(TOKENS).logits, atol=1e-4, rtol=1e-4)
    assert float((peer(TOKENS).logits - plain).abs().max()) > 0.1


@torch.no_grad()
def test_an_adapter_of_peft_loads_here(base: Path, tmp_path: Path) -> None:
    peer = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        LoraConfig(
            r=3, lora_alpha=7, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"
        ),
    )
    for name, parameter in peer.named_parameters():
        if "lora_" in name:
            parameter.normal_(std=0.1)
    peer.save_pretrained(tmp_path / "adapter")
    model = load([base, tmp_path / "adapter"], "cpu")
    torch.testing.assert_close(logits(model, TOKENS), peer(TOKENS).logits, atol=1e-4, rtol=1e-4)


def test_the_base_stays_as_it_is(fitted: TorchModel, base: Path) -> None:
    fresh = load([base], "cpu")
    assert all(torch.equal(fitted.frozen[n], t) for n, t in fresh.weights.items())
    moved = {n for n, t in fresh.weights.items() if not torch.equal(fitted.weights[n], t)}
    assert moved == set(fitted.adapter.a) == {n for n in fresh.weights if "_proj" in n}


def test_a_later_fit_goes_on_with_the_same_adapter(fitted: TorchModel, base: Path, tmp_path: Path) -> None:
    adapter, frozen = fitted.adapter, fitted.frozen
    before = {n: t.clone() for n, t in adapter.parameters().items()}
    fitted.fit(tiny.texts(), SETTINGS, 2, tiny.ignore)
    assert fitted.adapter is adapter and fitted.frozen is frozen
    assert any(not torch.equal(t, before[n]) for n, t in adapter.parameters().items())
    # One adapter on the base holds both fits.
    fitted.save(tmp_path / "adapter", base=str(base))
    again = load([base, tmp_path / "adapter"], "cpu")
    torch.testing.assert_close(logits(again, TOKENS), logits(fitted, TOKENS), atol=1e-5, rtol=1e-5)


def test_adapters_stand_on_each_other(fitted: TorchModel, base: Path, tmp_path: Path) -> None:
    fitted.save(tmp_path / "one", base=str(base))
    second = load([base, tmp_path / "one"], "cpu")
    torch.testing.assert_close(logits(second, TOKENS), logits(fitted, TOKENS), atol=1e-5, rtol=1e-5)
    second.fit(tiny.texts()[:20], SETTINGS, 3, tiny.ignore)
    second.save(tmp_path / "two", base=str(tmp_path / "one"))
    chain = load([base, tmp_path / "one", tmp_path / "two"], "cpu")
    torch.testing.assert_close(logits(chain, TOKENS), logits(second, TOKENS), atol=1e-5, rtol=1e-5)
    # A whole model later in the chain replaces what came before.
    chain.fit(
        tiny.texts()[:20], Fit(max_steps=2, batch_size=8, learning_rate=1e-3, tune="full"), 4, tiny.ignore
    )
    chain.save(tmp_path / "three")
    last = load([base, tmp_path / "one", tmp_path / "two", tmp_path / "three"], "cpu")
    assert torch.equal(logits(last, TOKENS), logits(chain, TOKENS))


def test_stored_in_bfloat16_an_adapter_is_added_in_float32(
    fitted: TorchModel, base: Path, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "adapter", base=str(base))
    path = base / "model.safetensors"
    stored = {name: tensor.bfloat16() for name, tensor in load_file(path).items()}
    save_file(stored, path, {"format": "pt"})
    plain = load([base], "cpu").weights
    merged = load([base, tmp_path / "adapter"], "cpu").weights
    expected = load_lora(tmp_path / "adapter", plain).merged(plain)
    assert all(tensor.dtype == torch.float32 for tensor in merged.values())
    assert all(torch.equal(merged[name], expected[name]) for name in plain)
    rounded = {name: tensor.bfloat16().float() for name, tensor in expected.items()}
    assert any(not torch.equal(merged[name], rounded[name]) for name in plain)  # the sum has more digits


def test_merged_is_weight_plus_scaled_product() -> None:
    weights = {"model.layers.0.mlp.up_proj.weight": torch.randn(6, 4), "model.norm.weight": torch.ones(4)}
    lora = Lora.fresh(weights, 2, 8, seed=3)
    name = next(iter(lora.a))
    assert torch.equal(lora.merged(weights)[name], weights[name])  # begins as the identity
    lora.b[name].normal_()
    expected = weights[name] + 8 / 2 * lora.b[name] @ lora.a[name]
    torch.testing.assert_close(lora.merged(weights)[name], expected)
    assert lora.merged(weights)["model.norm.weight"] is weights["model.norm.weight"]
    assert torch.equal(Lora.fresh(weights, 2, 8, seed=3).a[name], lora.a[name])
    assert not torch.equal(Lora.fresh(weights, 2, 8, seed=4).a[name], lora.a[name])


def test_wrong_adapters_are_one_line(fitted: TorchModel, base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    fitted.save(folder, base=str(base))
    deeper = tiny.save(tiny.model([1]), tmp_path / "shallow")
    with pytest.raises(InputError, match="the base model has no such weight"):
        load([deeper, folder], "cpu")
    narrow = {n: t[:, :-1] if "q_proj" in n else t for n, t in fitted.frozen.items()}
    with pytest.raises(InputError, match="shape does not fit the base model"):
        load_lora(folder, narrow)
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(settings | {"use_dora": True}))
    with pytest.raises(InputError, match="only plain LoRA"):
        load([base, folder], "cpu")
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load([base, folder], "cpu")
    weights.unlink()
    with pytest.raises(InputError, match="missing weights"):
        load([base, folder], "cpu")
    (folder / "adapter_config.json").unlink()
    with pytest.raises(InputError, match=r"adapter_config\.json"):
        load([base, folder], "cpu")
