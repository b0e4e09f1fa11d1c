"""The forward pass for inference: over mlx-lm's model, adapters added to the weights, one prefix for K samples.

mlx-lm's own forward pass trains; this one reads the same weights once, with the inputs of attention and
MLP fused into one product each, and can look at a prompt's keys and values from all of its samples
without copying them. `tests/test_mlx_sampling.py` holds the two to the same logits.
"""

from __future__ import annotations

import mlx.core as mx
from mlx import nn

from trap.platforms.mlx.adapting import whole

# OpenBLAS computes the rows that are left over beside its blocks of 12 or 24 in another order, so that a
# row's rounding would depend on how many rows there are: the last digits, and once in some thousand draws a
# token, would depend on which other prompts are in the batch. Full blocks only, and they do not.
ROWS = 24
LENGTHS = 16  # the same for sums along keys
PREFILL = 48  # and for both at once


def multiple(number: int, of: int) -> int:
    """The smallest multiple that is not below `number`."""
    return -(-number // of) * of


def product(x: mx.array, weight: mx.array) -> mx.array:
    """x (..., in) @ weight (in, out), in full blocks of rows."""
    rows = x.reshape(-1, x.shape[-1])
    count = rows.shape[0]
    if missing := multiple(count, ROWS) - count:
        rows = mx.pad(rows, ((0, missing), (0, 0)))
    return (rows @ weight)[:count].reshape(*x.shape[:-1], weight.shape[1])


class Block:
    """One layer's weights."""

    def __init__(self, layer: nn.Module) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.heads, self.kv_heads, self.rope = attention.n_heads, attention.n_kv_heads, attention.rope
        self.scale = attention.scale
        self.norm_in, self.norm_mid = layer.input_layernorm, layer.post_attention_layernorm
        inputs = [attention.q_proj, attention.k_proj, attention.v_proj]
        self.qkv = mx.concatenate([whole(linear) for linear in inputs]).T
        biases = [getattr(linear, "linear", linear) for linear in inputs]
        self.bias = mx.concatenate([linear.bias for linear in biases]) if "bias" in biases[0] else None
        self.o = whole(attention.o_proj).T
        self.gate_up = mx.concatenate([whole(mlp.gate_proj), whole(mlp.up_proj)]).T
        self.down = whole(mlp.down_proj).T

    def project(self, x: mx.array, offset: mx.array | int) -> tuple[mx.array, mx.array, mx.array]:
        """Input (B, T, d) -> q (B, H, T, D), k and v (B, Hkv, T, D), positions from `offset` applied."""
        fused = product(self.norm_in(x), self.qkv)
        if self.bias is not None:
            fused = fused + self.bias
        both = self.heads + self.kv_heads
        fused = fused.reshape(*x.shape[:2], both + self.kv_heads, -1).transpose(0, 2, 1, 3)
        qk = self.rope(fused[:, :both], offset=offset)
        return qk[:, : self.heads], qk[:, self.heads :], fused[:, both:]

    def finish(self, x: mx.array, attended: mx.array) -> mx.array:
        """Residual, output projection and MLP; attended is (B, T, H*D)."""
        x = x + product(attended, self.o)
        gate, up = mx.split(product(self.norm_mid(x), self.gate_up), 2, axis=-1)
        return x + product(nn.silu(gate) * up, self.down)


class Decoder:
    """A model's weights as they are now; later training does not show in it."""

    def __init__(self, model: nn.Module) -> None:
        inner = model.model
        self.embedding, self.norm = inner.embed_tokens, inner.norm
        self.head = whole(model.lm_head) if "lm_head" in model else inner.embed_tokens.weight
        self.blocks = [Block(layer) for layer in model.layers]
        mx.eval([[b.qkv, b.o, b.gate_up, b.down] for b in self.blocks])

    def logits(self, x: mx.array) -> mx.array:
        """Final hidden states (..., d) -> logits (..., vocabulary), float32."""
        return product(self.norm(x), self.head.T).astype(mx.float32)

    def hidden(self, tokens: mx.array, cache: list | None = None) -> mx.array:
        """Hidden states of right-padded tokens (B, T): (B, T, d).

        Causal attention keeps padding on the right out of every real position. With `cache`, each layer's
        (k, v) is appended to it.
        """
        x = self.embedding(tokens)
        for block in self.blocks:
            q, k, v = block.project(x, 0)
            if cache is not None:
                cache.append((k, v))
            out = mx.fast.scaled_dot_product_attention(q, k, v, scale=block.scale, mask="causal")
            x = block.finish(x, out.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1))
        return x
