"""Adapters travel: between formats bit for bit, into the base, and never onto the wrong base."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import convert_adapter
import tiny_models as tiny
from trap.files import InputError
from trap.models.adapters import Adapter, alpha_of, read_adapter, targets, write_mlx, write_peft
from trap.models.tensors import Tensor, read_tensors, write_tensors
from trap.platforms import Fit
from trap.platforms.torch import load

SETTINGS = Fit(max_steps=6, batch_size=16, learning_rate=2e-2, tune="lora", lora_r=4, lora_alpha=12)
TOKENS = torch.tensor([[5, 260, 271, 9, 265], [270, 261, 30, 40, 267]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.model([1, 0]), tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted adapter as PEFT saves it."""
    model = load([base], "cpu")
    model.fit(tiny.texts(), SETTINGS, 1, tiny.ignore)
    folder = tmp_path_factory.mktemp("adapter") / "adapter"
    model.save(folder, base=str(base))
    return folder


def convert(*arguments: object) -> int:
    return convert_adapter.main([str(argument) for argument in arguments])


def test_there_and_back_is_the_same_file(adapter: Path, base: Path, tmp_path: Path) -> None:
    mlx, back = tmp_path / "mlx", tmp_path / "back"
    assert convert(adapter, "--to", "mlx", "--output", mlx) == 0
    assert convert(mlx, "--to", "peft", "--output", back, "--base", base) == 0
    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (adapter, back))
    assert before.keys() == after.keys() and len(before) == 2 * 7 * 2
    assert all(torch.equal(before[name], after[name]) for name in before)
    old, new = (json.loads((folder / "adapter_config.json").read_text()) for folder in (adapter, back))
    assert new == old | {"base_model_name_or_path": str(base)}
    assert json.loads((mlx / "adapter_config.json").read_text())["lora_parameters"]["scale"] == 3.0
    assert load_file(mlx / "adapters.safetensors")["model.layers.1.mlp.up_proj.lora_a"].shape == (32, 4)


@torch.no_grad()
def test_a_converted_adapter_does_the_same_in_peft(adapter: Path, base: Path, tmp_path: Path) -> None:
    convert(adapter, "--to", "mlx", "--output", tmp_path / "mlx")
    convert(tmp_path / "mlx", "--to", "peft", "--output", tmp_path / "peft")
    outputs = []
    for folder in (adapter, tmp_path / "peft"):
        whole = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        outputs.append(PeftModel.from_pretrained(whole, folder)(TOKENS).logits)
    assert torch.equal(*outputs)


@torch.no_grad()
def test_merging_equals_peft(adapter: Path, base: Path, tmp_path: Path) -> None:
    convert(adapter, "--to", "mlx", "--output", tmp_path / "mlx")
    assert (
        convert(tmp_path / "mlx", adapter, "--to", "model", "--base", base, "--output", tmp_path / "m") == 0
    )
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "m", dtype=torch.float32)
    peer = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    plain = peer(TOKENS).logits
    for _ in range(2):  # the same adapter twice, as the chain above
        peer = PeftModel.from_pretrained(peer, adapter).merge_and_unload()
    torch.testing.assert_close(merged(TOKENS).logits, peer(TOKENS).logits, atol=1e-4, rtol=1e-4)
    assert float((merged(TOKENS).logits - plain).abs().max()) > 0.1
    assert load([tmp_path / "m"], "cpu").tokenizer.get_vocab() == load([base], "cpu").tokenizer.get_vocab()


def test_half_precision_bases_and_shards_stay_what_they_are(
    adapter: Path, base: Path, tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    model.save_pretrained(tmp_path / "half", max_shard_size="20KB")
    shards = sorted(path.name for path in (tmp_path / "half").glob("*.safetensors"))
    assert len(shards) > 1
    assert (
        convert(adapter, "--to", "model", "--base", tmp_path / "half", "--output", tmp_path / "merged") == 0
    )
    peer = PeftModel.from_pretrained(model.to(torch.float32), adapter).merge_and_unload().state_dict()
    seen = 0
    for shard in shards:
        for name, tensor in load_file(tmp_path / "merged" / shard).items():
            assert tensor.dtype == torch.bfloat16
            torch.testing.assert_close(tensor.float(), peer[name], atol=1e-5, rtol=2**-8)
            seen += 1
    assert seen == 2 * 9 + 2


@given(st.integers(1, 256), st.integers(1, 512))
def test_scales_go_there_and_back(rank: int, alpha: int) -> None:
    assert alpha_of(rank, alpha / rank) / rank == alpha / rank


def test_rank_stabilised_adapters_keep_their_scale(adapter: Path, tmp_path: Path) -> None:
    folder = copied(adapter, tmp_path / "rs", use_rslora=True)
    assert read_adapter(folder).scale == 12 / math.sqrt(4)
    convert(folder, "--to", "mlx", "--output", tmp_path / "mlx")
    assert read_adapter(tmp_path / "mlx").scale == 6.0


def copied(adapter: Path, folder: Path, **changes: object) -> Path:
    """A copy of an adapter with other settings."""
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes((adapter / "adapter_model.safetensors").read_bytes())
    settings = json.loads((adapter / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(settings | changes))
    return folder


def test_names_that_mean_only_some_layers_are_written_out(adapter: Path, tmp_path: Path) -> None:
    whole = read_adapter(adapter)
    assert targets(whole) == sorted(name + "_proj" for name in ("q", "k", "v", "o", "gate", "up", "down"))
    last = {name for name in whole.a if ".layers.1." in name}
    part = replace(whole, a={n: whole.a[n] for n in last}, b={n: whole.b[n] for n in last})
    assert targets(part) == sorted(last)
    write_mlx(tmp_path / "mlx", part, layers=2)
    assert json.loads((tmp_path / "mlx/adapter_config.json").read_text())["num_layers"] == 1
    assert read_adapter(tmp_path / "mlx").a.keys() == last
    for layers, kept in ((3, last), (2, {n for n in whole.a if n not in last})):
        odd = replace(whole, a={n: whole.a[n] for n in kept}, b={n: whole.b[n] for n in kept})
        with pytest.raises(InputError, match="each of the last layers"):
            write_mlx(tmp_path / "odd", odd, layers=layers)


REFUSED = {
    "use_dora": ({"use_dora": True}, "use_dora: only plain LoRA"),
    "ranks": ({"rank_pattern": {"q_proj": 2}}, "rank_pattern: only plain LoRA"),
    "biases": ({"bias": "all"}, "bias: only plain LoRA"),
    "another method": ({"peft_type": "IA3"}, "peft_type: 'IA3' is not LORA"),
    "no alpha": ({"lora_alpha": None}, "lora_alpha: None is not a positive number"),
    "rank": ({"r": 3}, "not of rank 3"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_carried_is_refused(
    case: str, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, message = REFUSED[case]
    folder = copied(adapter, tmp_path / "adapter", **changes)
    assert convert(folder, "--to", "mlx", "--output", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and said.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_wrong_bases_are_one_line(
    adapter: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: object) -> str:
        assert convert(*arguments, "--output", tmp_path / "out") == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and not (tmp_path / "out").exists()
        return said

    shallow = tiny.save(tiny.model([1]), tmp_path / "shallow")
    assert "the base model has no such weight" in refused(adapter, "--to", "peft", "--base", shallow)
    wide = tiny.create(tiny.config([1, 0], kv_heads=2), tiny.tokenizer(), 1, "cpu")
    wide = tiny.save(wide, tmp_path / "wide")
    assert "shape does not fit the base model" in refused(adapter, "--to", "model", "--base", wide)
    assert "not a model folder" in refused(adapter, "--to", "model", "--base", tmp_path)
    assert "--base: needed" in refused(adapter, "--to", "model")
    assert "one at a time" in refused(adapter, adapter, "--to", "mlx")
    assert "missing weights" in refused(copied_without_weights(adapter, tmp_path), "--to", "mlx")
    other = copied(adapter, tmp_path / "words")
    from trap.models.tokenizer import build_tokenizer

    build_tokenizer(["other words"], []).save(str(other / "tokenizer.json"))
    assert "not the tokenizer of the base model" in refused(other, "--to", "mlx", "--base", base)
    (tmp_path / "out").mkdir()
    assert convert(adapter, "--to", "mlx", "--output", tmp_path / "out") == 1
    assert "nothing is overwritten" in capsys.readouterr().err


def copied_without_weights(adapter: Path, tmp_path: Path) -> Path:
    folder = copied(adapter, tmp_path / "weightless")
    (folder / "adapter_model.safetensors").unlink()
    return folder


def test_damaged_and_foreign_files_are_one_line(adapter: Path, tmp_path: Path) -> None:
    folder = copied(adapter, tmp_path / "adapter")
    path = folder / "adapter_model.safetensors"
    whole = path.read_bytes()
    for bad in (b"", whole[:-9], b"\xff" * 64, (10**9).to_bytes(8, "little") + whole[8:]):
        path.write_bytes(bad)
        with pytest.raises(InputError, match="not a readable safetensors file"):
            read_adapter(folder)
    save_file({"base_model.model.model.embed_tokens.lora_embedding_A": torch.zeros(4, 9)}, path)
    with pytest.raises(InputError, match="not a factor of a LoRA adapter"):
        read_adapter(folder)
    path.write_bytes(whole)
    halves = {name: tensor for name, tensor in load_file(path).items() if "up_proj.lora_B" not in name}
    save_file(halves, path)
    with pytest.raises(InputError, match="one of its two factors is missing"):
        read_adapter(folder)
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="neither a PEFT nor an mlx-lm adapter"):
        read_adapter(folder)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_tensors_keep_their_bits(dtype: torch.dtype, tmp_path: Path) -> None:
    values = torch.randn(5, 3, dtype=torch.float64).to(dtype)
    values[0, 0], values[0, 1] = float("inf"), -0.0
    save_file({"x": values, "empty": values[:0]}, tmp_path / "theirs.safetensors")
    read = read_tensors(tmp_path / "theirs.safetensors")
    write_tensors(tmp_path / "ours.safetensors", {"x": read["x"].T, "empty": read["empty"]}, {"format": "pt"})
    again = load_file(tmp_path / "ours.safetensors")
    assert again["x"].dtype == dtype and torch.equal(again["x"], values.T)
    assert again["empty"].shape == (0, 3)
    assert torch.equal(torch.from_numpy(read["x"].floats().copy()).to(dtype), values)


def test_rounding_to_half_is_torch_s() -> None:
    values = torch.randn(4000) * torch.logspace(-20, 20, 4000)
    for dtype, name, bits in ((torch.bfloat16, "BF16", np.uint16), (torch.float16, "F16", np.uint16)):
        with np.errstate(over="ignore"):
            ours = Tensor(name, np.zeros(0, bits)).like(values.numpy()).bits
        theirs = values.to(dtype).view(torch.int16).numpy().view(np.uint16)
        assert (ours == theirs).all()


def test_an_adapter_writes_the_same_bytes_twice(adapter: Path, tmp_path: Path) -> None:
    held: Adapter = read_adapter(adapter)
    for write, name in ((write_peft, "adapter_model.safetensors"), (write_mlx, "adapters.safetensors")):
        write(tmp_path / f"{name}.1", held)
        write(tmp_path / f"{name}.2", replace(held, a=dict(reversed(held.a.items()))))
        one, two = (tmp_path / f"{name}.{i}" / name for i in (1, 2))
        assert one.read_bytes() == two.read_bytes()
