"""mlx trains as torch does, saves what mlx-lm and the platform torch load, and refuses what it cannot use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import convert_adapter
import tiny_models as tiny
import trajectory
from mlx_models import both, platform, same_scores, trained
from skips import reason
from trap.files import InputError
from trap.models.adapters import read_adapter, write_mlx, write_peft
from trap.models.tokenizer import build_tokenizer
from trap.platforms import Example, Fit
from trap.platforms.mlx import adapting, architecture, mx
from trap.platforms.torch import load as torch_load

LORA = Fit(max_steps=12, batch_size=16, learning_rate=2e-2, lora_r=4, lora_alpha=12)
TOKENS = [[5, 260, 271, 9, 265], [270, 261, 30, 40, 267]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture
def fitted(base: Path) -> Any:
    model = platform.load([base], "cpu")
    model.fit(tiny.texts(), LORA, 1, tiny.ignore)
    return model


def put_back(model: Any, adapter: Any) -> None:
    """LoRA layers that hold a saved adapter, to go on training it."""
    adapting.put_on(model, adapter.rank, adapter.scale, 0)
    for name, layer in adapting.lora_layers(model).items():
        layer.lora_a = architecture.array(adapter.a[name].T)
        layer.lora_b = architecture.array(adapter.b[name].T)


@pytest.mark.parametrize("name", sorted(trajectory.FITS))
def test_mlx_reproduces_the_reference_trajectory(name: str, tmp_path: Path) -> None:
    base, start = trajectory.checkpoint(tmp_path)
    known = json.loads(trajectory.FILE.read_text())["fits"][name]
    settings = trajectory.FITS[name]
    assert Fit(**known["settings"]) == settings
    model = platform.load([base], "cpu")
    if settings.tune == "lora":
        put_back(model.model, read_adapter(start))
    assert trajectory.losses(model, settings) == pytest.approx(known["losses"], abs=trajectory.TOLERANCE)


def test_a_fit_is_a_function_of_its_data_and_seed(base: Path) -> None:
    def result(seed: int) -> np.ndarray:
        model = platform.load([base], "cpu")
        model.fit(tiny.texts(), LORA, seed, tiny.ignore)
        return np.array(adapting.lora_layers(model.model)["model.layers.1.mlp.up_proj"].lora_b)

    assert (result(1) == result(1)).all()
    assert (result(1) != result(2)).any()


def test_a_fresh_adapter_is_the_identity(base: Path) -> None:
    plain, adapted = platform.load([base], "cpu"), platform.load([base], "cpu")
    adapting.put_on(adapted.model, 4, 3.0, 1)
    assert plain.logprobs(tiny.texts()) == adapted.logprobs(tiny.texts())
    layers = adapting.lora_layers(adapted.model)
    assert len(layers) == 14
    for layer in layers.values():
        a = np.array(layer.lora_a)
        bound = a.shape[0] ** -0.5
        assert np.abs(a).max() <= bound and a.std() == pytest.approx(bound / 3**0.5, rel=0.25)


def test_only_the_adapter_is_trained(fitted: Any, base: Path) -> None:
    before = architecture.weights(platform.load([base], "cpu").model)
    layers = adapting.lora_layers(fitted.model)
    for name, weight in before.items():
        module = name.removesuffix(".weight")
        held = layers[module].linear.weight if module in layers else architecture.weights(fitted.model)[name]
        assert (np.array(held) == np.array(weight)).all()
    assert all(np.abs(np.array(layer.lora_b)).max() > 0 for layer in layers.values())


def test_a_saved_adapter_gives_the_same_in_mlx_lm(fitted: Any, base: Path, tmp_path: Path) -> None:
    from mlx_lm import load

    facts = fitted.save(tmp_path / "adapter", base=str(base))
    assert facts["format"] == "mlx" and facts["trained_parameters"] == sum(
        layer.lora_a.size + layer.lora_b.size for layer in adapting.lora_layers(fitted.model).values()
    )
    plain, _ = load(str(base))
    peer, _ = load(str(base), adapter_path=str(tmp_path / "adapter"))
    ours = platform.load([base, tmp_path / "adapter"], "cpu")
    expected = np.array(peer(mx.array(TOKENS)))
    assert np.abs(expected - np.array(plain(mx.array(TOKENS)))).max() > 0.1
    for model in (ours, fitted):
        np.testing.assert_allclose(np.array(model.model(mx.array(TOKENS))), expected, atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(
            np.array(model.decoder.logits(model.decoder.hidden(mx.array(TOKENS)))), expected, atol=1e-4, rtol=1e-4
        )  # fmt: skip
    assert same_scores(ours, fitted)


def test_what_mlx_saves_torch_loads(fitted: Any, base: Path, tmp_path: Path) -> None:
    fitted.save(tmp_path / "adapter", base=str(base))
    peft = tmp_path / "peft"
    assert convert_adapter.main([str(tmp_path / "adapter"), "--to", "peft", "--output", str(peft)]) == 0
    assert same_scores(torch_load([base, peft], "cpu"), fitted)
    merged = tmp_path / "merged"
    arguments = [str(tmp_path / "adapter"), "--to", "model", "--base", str(base), "--output", str(merged)]
    assert convert_adapter.main(arguments) == 0
    assert same_scores(torch_load([merged], "cpu"), fitted)
    # Full fine-tuning goes on from the merged weights and saves a whole model.
    before = fitted.logprobs(tiny.texts())
    fitted.fit(tiny.texts(), Fit(max_steps=3, batch_size=8, learning_rate=3e-3, tune="full"), 2, tiny.ignore)
    assert fitted.logprobs(tiny.texts()) != pytest.approx(before, abs=1e-2)
    facts = fitted.save(tmp_path / "whole")
    assert facts["format"] == "model"
    ours, theirs = both(tmp_path / "whole")
    assert same_scores(ours, fitted, 1e-6) and same_scores(ours, theirs)
    assert json.loads((tmp_path / "whole/config.json").read_text()) == json.loads(
        (base / "config.json").read_text()
    )
    assert (tmp_path / "whole/tokenizer_config.json").is_file()


def test_chains_mix_formats(base: Path, tmp_path: Path) -> None:
    """A PEFT adapter, then an mlx one on top of it, then a whole model in its place."""
    first = torch_load([base], "cpu")
    first.fit(tiny.texts(), LORA, 1, tiny.ignore)
    first.save(tmp_path / "peft", base=str(base))
    second = platform.load([base, tmp_path / "peft"], "cpu")
    assert same_scores(second, first)
    second.fit(tiny.texts()[:20], LORA, 3, tiny.ignore)
    second.save(tmp_path / "mlx", base=str(tmp_path / "peft"))
    chain = platform.load([base, tmp_path / "peft", tmp_path / "mlx"], "cpu")
    assert same_scores(chain, second)
    write_peft(tmp_path / "converted", read_adapter(tmp_path / "mlx"))
    assert same_scores(torch_load([base, tmp_path / "peft", tmp_path / "converted"], "cpu"), second)
    last = platform.load([base, tmp_path / "mlx", base], "cpu")
    assert last.logprobs(tiny.texts()) == platform.load([base], "cpu").logprobs(tiny.texts())


def test_a_later_fit_goes_on_with_the_same_adapter(fitted: Any, base: Path, tmp_path: Path) -> None:
    before = adapting.held(fitted.model)
    fitted.fit(tiny.texts(), LORA, 2, tiny.ignore)
    after = adapting.held(fitted.model)
    assert before.a.keys() == after.a.keys()
    assert any(not np.array_equal(before.a[name].bits, after.a[name].bits) for name in before.a)
    fitted.save(tmp_path / "adapter", base=str(base))  # one adapter on the base holds both fits
    assert same_scores(platform.load([base, tmp_path / "adapter"], "cpu"), fitted)


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_other_architectures_train_save_and_reload(kind: str, tmp_path: Path) -> None:
    from test_torch_decoder import PEERS

    torch.manual_seed(0)
    folder = tiny.foreign(tmp_path / "base", tiny.randomized(PEERS[kind]()))
    adapted, whole = platform.load([folder], "cpu"), platform.load([folder], "cpu")
    plain = adapted.logprobs(tiny.texts())
    adapted.fit(tiny.texts(), LORA, 1, tiny.ignore)
    adapted.save(tmp_path / "adapter")
    assert adapted.logprobs(tiny.texts()) != pytest.approx(plain, abs=0.1)
    assert same_scores(platform.load([folder, tmp_path / "adapter"], "cpu"), adapted)
    whole.fit(tiny.texts(), replace(LORA, tune="full", learning_rate=3e-3), 1, tiny.ignore)
    whole.save(tmp_path / "whole")
    ours, theirs = both(tmp_path / "whole")
    assert same_scores(ours, whole, 1e-5) and same_scores(ours, theirs)


def test_an_example_without_room_is_refused(base: Path) -> None:
    model = platform.load([base], "cpu")
    with pytest.raises(InputError, match="do not fit max_length 5; nothing is cut silently"):
        model.fit([Example("The cup is", " red.")], replace(LORA, max_length=5), 1, tiny.ignore)
    with pytest.raises(ValueError, match="nothing to fit"):
        model.fit([], LORA, 1, tiny.ignore)


def edited(base: Path, folder: Path, **changes: Any) -> Path:
    """A copy of a model folder with other keys in its config.json."""
    folder.mkdir()
    for path in base.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    raw = json.loads((base / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(raw | changes))
    return folder


def test_wrong_models_are_one_line(base: Path, tmp_path: Path) -> None:
    def refused(message: str, *chain: Path) -> None:
        with pytest.raises(InputError, match=message) as raised:
            platform.load(chain, "cpu")
        assert "\n" not in str(raised.value)

    refused("no config.json: not a model folder", tmp_path)
    refused("model_type: 'gpt2' is not one of", edited(base, tmp_path / "1", model_type="gpt2"))
    refused("quantization: .* is not supported", edited(base, tmp_path / "2", quantization={"bits": 4}))
    refused("attention_bias: True is not supported", edited(base, tmp_path / "3", attention_bias=True))
    refused("mlx-lm cannot load it", edited(base, tmp_path / "4", intermediate_size=64))
    damaged = edited(base, tmp_path / "5")
    (damaged / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes()[:-50])
    refused("mlx-lm cannot load it", damaged)
    (damaged / "model.safetensors").unlink()
    refused("missing weights", damaged)
    more = edited(base, tmp_path / "6")
    words = [e.prompt + e.completion for e in tiny.texts()]
    build_tokenizer([*words, "further words"], []).save(str(more / "tokenizer.json"))
    refused(r"tokenizer.json: \d+ tokens, but the model has rows for \d+", more)
    (more / "tokenizer.json").unlink()
    refused("missing tokenizer", more)
    with pytest.raises(InputError, match="device: 'cuda' is not available here on platform mlx"):
        if mx.is_available(mx.gpu) and not mx.metal.is_available():
            pytest.skip(reason("gpu", "there is a CUDA card here"))
        platform.load([base], "cuda")


def test_wrong_adapters_are_one_line(fitted: Any, base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    fitted.save(folder, base=str(base))
    shallow = tiny.save(tiny.model([1]), tmp_path / "shallow")
    with pytest.raises(InputError, match="the base model has no such weight"):
        platform.load([shallow, folder], "cpu")
    wide = tiny.save(tiny.create(tiny.config([1, 0], kv_heads=2), tiny.tokenizer(), 1, "cpu"), tmp_path / "w")
    with pytest.raises(InputError, match="shape does not fit the base model"):
        platform.load([wide, folder], "cpu")
    build_tokenizer(["other words"], []).save(str(folder / "tokenizer.json"))
    with pytest.raises(InputError, match="not the tokenizer of the base model"):
        platform.load([base, folder], "cpu")
    (folder / "tokenizer.json").unlink()
    (folder / "adapters.safetensors").unlink()
    with pytest.raises(InputError, match=r"adapters\.safetensors: missing weights"):
        platform.load([base, folder], "cpu")


def test_bfloat16_adapters_keep_their_bits(fitted: Any, tmp_path: Path) -> None:
    held = adapting.held(fitted.model)
    name = sorted(held.a)[0]
    half = mx.array(held.a[name].floats()).astype(mx.bfloat16)
    stored = architecture.tensor(half)
    assert stored.dtype == "BF16" and (architecture.array(stored) == half).all().item()
    mixed = replace(held, a={n: architecture.tensor(mx.array(t.floats()).astype(mx.bfloat16)) for n, t in held.a.items()})  # fmt: skip
    write_mlx(tmp_path / "half", mixed)
    again = read_adapter(tmp_path / "half").a[name]
    assert again.dtype == stored.dtype and np.array_equal(again.bits, stored.bits)


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_a_probe_sees_the_weights_of_its_step_and_changes_nothing(base: Path, tune: str) -> None:
    settings = replace(LORA, tune=tune, max_steps=8, probes=2)
    alone, watched = platform.load([base], "cpu"), platform.load([base], "cpu")
    alone.fit(tiny.texts(), settings, 3, tiny.ignore)
    scores: list[tuple[int, float]] = []
    before = sum(watched.logprobs(tiny.texts()))
    watched.fit(
        tiny.texts(),
        settings,
        3,
        tiny.ignore,
        lambda step: scores.append((step, sum(watched.logprobs(tiny.texts())))),
    )
    assert [step for step, _ in scores] == [4, 8]
    assert len({before, *(score for _, score in scores)}) == 3
    assert scores[1][1] == sum(watched.logprobs(tiny.texts()))
    assert alone.logprobs(tiny.texts()) == watched.logprobs(tiny.texts())
