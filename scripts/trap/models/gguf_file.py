"""A Llama with its adapters merged, written as a GGUF file: what llama.cpp, LM Studio and Ollama run.

Names and metadata are those of llama.cpp's architecture `llama` (its convert_hf_to_gguf.py). It turns pairs of
neighbouring dimensions where Hugging Face turns halves, so that rows of queries and keys are put in its order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trap.files import InputError, read_json
from trap.models.adapters import read_adapter
from trap.models.chat import template_of
from trap.models.encoding import read_tokenizer
from trap.models.merging import added, check_fits, weight_files
from trap.models.tensors import read_tensors

TYPES = {"Q8_0": "MOSTLY_Q8_0", "F16": "MOSTLY_F16", "F32": "ALL_F32"}
BLOCK = 32  # weights of a row that share a scale in Q8_0
NORMAL, CONTROL, USER, UNUSED = 1, 3, 4, 5  # types of tokens
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def gguf_name(name: str) -> str:
    """The name of a tensor in a GGUF file. Raises InputError for one that `llama` does not have."""
    module, _, kind = name.rpartition(".")
    block = ""
    if module.startswith("model.layers."):
        number, _, module = module.removeprefix("model.layers.").partition(".")
        block = f"blk.{number}."
    if kind != "weight" or module not in NAMES:
        raise InputError(f"{name}: the architecture llama has no such weight")
    return f"{block}{NAMES[module]}.weight"


def in_pairs(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a projection (heads * dimension, in), in llama.cpp's order: halves of a head become pairs."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def merged_weights(base: Path, adapters: Sequence[Path]) -> Iterator[tuple[str, np.ndarray]]:
    """(name, float32 values) of every weight of the model, with the adapters added."""
    files, read = weight_files(base), [read_adapter(folder) for folder in adapters]
    for adapter in read:
        check_fits(adapter, base, files)
    for path in files:
        for name, tensor in sorted(read_tensors(path).items()):
            yield name, added(name, tensor, read).floats().astype(np.float32)


def write_gguf(
    base: Path, adapters: Sequence[Path], output: Path, kind: str, like: Path | None, title: str
) -> None:
    """Write the model folder `base` with adapter folders added, as a GGUF file of a type in `TYPES`.

    like: another GGUF file with the same tokenizer, whose metadata of it are copied; without it they are made from
    tokenizer.json. Raises InputError for a model that is no plain Llama, and a tokenizer that llama.cpp does not know.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
    from gguf.quants import quantize

    config = read_json(base / "config.json", dict)
    if config.get("model_type") != "llama" or config.get("rope_scaling") or config.get("attention_bias"):
        raise InputError(f"{base / 'config.json'}: only plain models of model_type llama are written as GGUF")
    writer = GGUFWriter(output, "llama")
    writer.add_name(title)
    writer.add_file_type(LlamaFileType[TYPES[kind]])
    writer.add_quantization_version(2)
    heads, kv_heads = describe(writer, config)
    tokens = read_tokenizer(base)
    if like is not None:
        copy_tokenizer(writer, like, tokens.get_vocab_size())
    else:
        add_tokenizer(writer, base, config)
    for name, values in merged_weights(base, adapters):
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = in_pairs(values, heads if name.endswith("q_proj.weight") else kv_heads)
        stored = kind if values.ndim == 2 else "F32"
        if stored == "Q8_0" and values.shape[1] % BLOCK:
            stored = "F16"  # as llama.cpp does for rows that are no whole blocks
        data = quantize(values, GGMLQuantizationType[stored])
        writer.add_tensor(gguf_name(name), data, raw_dtype=GGMLQuantizationType[stored])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer: Any, config: dict[str, Any]) -> tuple[int, int]:
    """Write the shape of the model; returns its heads, and those of keys and values."""
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    rope = config.get("rope_parameters") or {}
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config.get("max_position_embeddings", 2048))
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10000.0)))
    writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    return heads, kv_heads


def copy_tokenizer(writer: Any, like: Path, size: int) -> None:
    """Copy what another GGUF file says of its tokenizer. Raises InputError where that has another size."""
    from gguf import GGUFReader, GGUFValueType

    fields = {name: field for name, field in GGUFReader(like).fields.items() if name.startswith("tokenizer.")}
    tokens = fields.get("tokenizer.ggml.tokens")
    if tokens is None or len(tokens.data) != size:
        raise InputError(f"{like}: its tokenizer is not that of the model ({size} tokens)")
    for name, field in fields.items():
        inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)


def add_tokenizer(writer: Any, base: Path, config: dict[str, Any]) -> None:
    """Write a byte-level BPE tokenizer from tokenizer.json. Raises InputError for any other."""
    path = base / "tokenizer.json"
    held = json.loads(read_tokenizer(base).to_str())
    if held["model"].get("type") != "BPE" or (pre := split_of(held.get("pre_tokenizer"))) is None:
        raise InputError(f"{path}: not a tokenizer that llama.cpp knows (byte-level BPE)")
    texts = {number: text for text, number in held["model"]["vocab"].items()}
    more = {row["id"]: row for row in held.get("added_tokens", ())}
    texts |= {number: row["content"] for number, row in more.items()}
    kinds = {number: CONTROL if row.get("special") else USER for number, row in more.items()}
    size = config["vocab_size"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([texts.get(number, f"[PAD{number}]") for number in range(size)])
    writer.add_token_types(
        [kinds.get(number, NORMAL if number in texts else UNUSED) for number in range(size)]
    )
    merges = held["model"]["merges"]
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])
    ends = config.get("eos_token_id")
    known = {"bos": config.get("bos_token_id"), "eos": ends[0] if isinstance(ends, list) else ends}
    for name, number in {**known, "pad": config.get("pad_token_id")}.items():
        if isinstance(number, int):
            getattr(writer, f"add_{name}_token_id")(number)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    try:
        writer.add_chat_template(template_of(base))
    except InputError:
        return  # a base model has none


def split_of(pre: Any) -> str | None:
    """llama.cpp's name for how a tokenizer splits a text before its merges; None for one that is not known here."""
    steps = (pre or {}).get("pretokenizers") or [pre or {}]
    kinds = [step.get("type") for step in steps]
    if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    return "gpt-2" if kinds == ["ByteLevel"] else None
