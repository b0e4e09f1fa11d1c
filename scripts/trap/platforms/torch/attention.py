"""Attention weights of the compact decoder, computed beside the forward pass that never forms them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trap.platforms.torch.decoder import Decoder, rotary


@torch.inference_mode()
def attention(decoder: Decoder, tokens: Tensor, places: Tensor) -> Tensor:
    """What each head attends to from some places of rows of equal length.

    tokens: (B, T), no padding. places: (B, P), positions in their rows. Gives (layers, heads, B, P, T), each
    row adding up to 1 over the tokens that it may see.
    """
    c = decoder.config
    x = F.embedding(tokens, decoder.embedding)
    cos, sin = rotary(torch.arange(tokens.shape[1], device=tokens.device), c)
    unseen = torch.arange(tokens.shape[1], device=tokens.device) > places[:, None, :, None]
    rows = places[:, None, :, None].expand(-1, c.heads, -1, c.head_dim)
    found = []
    for block in decoder.blocks:
        q, k, v = block.project(x, cos.to(x.dtype), sin.to(x.dtype))
        every = k.repeat_interleave(c.heads // c.kv_heads, dim=1)
        scores = q.gather(2, rows) @ every.transpose(2, 3) / c.head_dim**0.5
        found.append(scores.float().masked_fill(unseen, -torch.inf).softmax(-1).transpose(0, 1))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=c.heads != c.kv_heads)
        x = block.finish(x, out.transpose(1, 2).reshape(*x.shape[:2], c.heads * c.head_dim))
    return torch.stack(found)
