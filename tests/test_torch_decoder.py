"""The decoder computes what transformers computes, from the same folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
)

import tiny_models as tiny
from trap.files import InputError
from trap.platforms.torch import load
from trap.platforms.torch.decoder import (
    Decoder,
    DecoderConfig,
    Unsupported,
    read_model,
)
from trap.platforms.torch.generic import GenericModel

VOCABULARY = tiny.tokenizer().get_vocab_size()
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "eos_token_id": 1, "pad_token_id": 0, "bos_token_id": None,
}  # fmt: skip


def smollm3(**more: Any) -> Any:
    return SmolLM3ForCausalLM(SmolLM3Config(**SHAPE, **more))


PEERS = {
    "smollm3 rotary": lambda: smollm3(num_key_value_heads=4, no_rope_layers=[1, 1, 1]),
    "smollm3 none": lambda: smollm3(num_key_value_heads=2, no_rope_layers=[0, 0, 0]),
    "smollm3 mixed": lambda: smollm3(num_key_value_heads=1, no_rope_layers=[1, 0, 1]),
    "smollm3 untied": lambda: smollm3(num_key_value_heads=4, tie_word_embeddings=False),
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(**SHAPE, num_key_value_heads=2, tie_word_embeddings=False, rms_norm_eps=1e-3)
    ),
    "llama wide heads": lambda: LlamaForCausalLM(
        LlamaConfig(**SHAPE, head_dim=16, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    ),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SHAPE, num_key_value_heads=2)),
}  # fmt: skip


@pytest.fixture(params=sorted(PEERS))
def peer(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    return tiny.randomized(PEERS[request.param]())


def padded(lengths: list[int]) -> torch.Tensor:
    """Right-padded random tokens, one row a length."""
    tokens = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    generator = torch.Generator().manual_seed(7)
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randint(2, VOCABULARY, (length,), generator=generator)
    return tokens


@torch.no_grad()
def test_logits_equal_transformers(peer: Any, tmp_path: Path) -> None:
    config, weights = read_model(tiny.foreign(tmp_path, peer))
    decoder = Decoder(config, weights)
    lengths = [17, 3, 9]
    tokens = padded(lengths)
    mask = (torch.arange(17) < torch.tensor(lengths)[:, None]).long()
    expected = peer(tokens, attention_mask=mask).logits
    assert expected.std() > 0.05
    for first in (0, 1, 2, 16):
        logits = decoder.logits(decoder.hidden(tokens, first))
        assert logits.shape == (3, 17 - first, VOCABULARY)
        for row, length in enumerate(lengths):
            torch.testing.assert_close(
                logits[row, : max(0, length - first)], expected[row, first:length], atol=1e-5, rtol=1e-5
            )


@torch.no_grad()
def test_padding_and_neighbours_do_not_matter() -> None:
    model = tiny.model([1, 0])
    decoder = Decoder(model.config, model.weights)
    tokens = padded([12, 5])
    together = decoder.hidden(tokens)[1, :5]
    torch.testing.assert_close(decoder.hidden(tokens[1:, :5])[0], together, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_positions_matter_only_with_rotary_layers() -> None:
    # Without positions a causal model sees the set of earlier tokens: swapping them changes nothing later.
    for rope, moves in (([0], False), ([1], True)):
        model = tiny.model(rope)
        decoder = Decoder(model.config, model.weights)
        one = decoder.hidden(torch.tensor([[5, 6, 7, 8]]))[0, -1]
        other = decoder.hidden(torch.tensor([[7, 5, 6, 8]]))[0, -1]
        assert bool((one - other).abs().max() > 1e-4) is moves


@torch.no_grad()
def test_a_saved_model_loads_in_transformers(tmp_path: Path) -> None:
    model = tiny.model([1, 0])
    folder = tiny.save(model, tmp_path / "model")
    peer = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    decoder = Decoder(model.config, model.weights)
    tokens = padded([9, 9])
    expected = peer(tokens).logits
    torch.testing.assert_close(decoder.logits(decoder.hidden(tokens)), expected, atol=1e-5, rtol=1e-5)
    theirs = AutoTokenizer.from_pretrained(folder)
    assert theirs.eos_token_id == model.eos[0] and theirs.pad_token_id == model.pad
    for example in tiny.texts():
        ours = model.tokenizer.encode(example.prompt, add_special_tokens=False).ids
        assert theirs(example.prompt, add_special_tokens=False)["input_ids"] == ours
        assert theirs.decode(ours) == example.prompt


def test_what_is_saved_again_keeps_its_tokenizer_settings(tmp_path: Path) -> None:
    folder = tiny.save(tiny.model(), tmp_path / "one")
    model = load([folder], "cpu")
    model.save(tmp_path / "two")
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == sorted(p.name for p in folder.iterdir())
    for path in folder.iterdir():
        assert (tmp_path / "two" / path.name).read_bytes() == path.read_bytes(), path.name


def test_defaults_that_a_config_leaves_out_are_those_of_transformers() -> None:
    keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    raw = {key: SHAPE[key] for key in keys} | {"num_hidden_layers": 8}
    for kind, theirs in (
        ("smollm3", SmolLM3Config(num_hidden_layers=8)),
        ("llama", LlamaConfig()),
        ("qwen2", Qwen2Config()),
    ):
        ours = DecoderConfig.from_json({"model_type": kind, **raw}, "config.json")
        assert ours.tied == theirs.tie_word_embeddings and ours.eps == theirs.rms_norm_eps
        assert ours.theta == theirs.rope_parameters["rope_theta"]
        assert list(ours.rope) == [bool(x) for x in getattr(theirs, "no_rope_layers", [1] * 8)]


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "gpt2"},
        {"rope_parameters": {"rope_type": "yarn"}},
        {"rope_scaling": {"type": "linear", "factor": 2.0}, "rope_parameters": None},
        {"hidden_act": "gelu"},
        {"attention_bias": True},
        {"mlp_bias": True},
        {"use_sliding_window": True},
    ],
)
def test_settings_that_the_decoder_does_not_compute_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match=r"^config\.json: "):
        DecoderConfig.from_json(tiny.config([1, 1]) | change, "config.json")


@torch.no_grad()
def test_refused_settings_go_through_transformers(tmp_path: Path) -> None:
    peer = tiny.randomized(LlamaForCausalLM(LlamaConfig(**SHAPE, attention_bias=True)))
    model = load([tiny.foreign(tmp_path, peer)], "cpu")
    assert isinstance(model, GenericModel)
    tokens = padded([6])
    torch.testing.assert_close(model.model(tokens).logits, peer(tokens).logits)


def break_file(folder: Path, name: str, change: Any) -> None:
    (folder / name).write_bytes(change((folder / name).read_bytes()))


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("model.safetensors", lambda b: b[:-100], "not a readable safetensors file"),
        ("model.safetensors", lambda b: b"nonsense", "not a readable safetensors file"),
        ("model.safetensors", None, "missing weights"),
        ("tokenizer.json", None, "missing tokenizer"),
        ("tokenizer.json", lambda b: b"{}", "not a readable tokenizer"),
        ("config.json", None, "no config.json"),
        ("config.json", lambda b: b'{"model_type": "llama"}', "num_attention_heads: missing"),
        ("config.json", lambda b: b'{"model_type": ', "config.json"),
    ],
)
def test_damaged_folders_are_one_line(tmp_path: Path, name: str, change: Any, message: str) -> None:
    folder = tiny.save(tiny.model(), tmp_path / "model")
    if change is None:
        (folder / name).unlink()
    else:
        break_file(folder, name, change)
    with pytest.raises(InputError, match=message) as error:
        load([folder], "cpu")
    assert "\n" not in str(error.value)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = tiny.save(tiny.model([1, 0]), tmp_path / "model")
    raw = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(raw | {"num_hidden_layers": 3, "no_rope_layers": [1] * 3}))
    with pytest.raises(InputError, match=r"model\.layers\.2\..* is missing"):
        load([folder], "cpu")
    (folder / "config.json").write_text(json.dumps(raw | {"vocab_size": 7}))
    with pytest.raises(InputError, match="vocab_size 7"):
        load([folder], "cpu")
    (folder / "config.json").write_text(json.dumps(raw | {"eos_token_id": None}))
    with pytest.raises(InputError, match="eos_token_id"):
        load([folder], "cpu")


def test_an_absent_device_is_refused() -> None:
    folder_free = "tpu"
    with pytest.raises(InputError, match="'tpu' is not available"):
        from trap.platforms.torch import pick_device

        pick_device(folder_free)
