"""The batches of `trap.models.batching` as tensors on a device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trap.models import batching
from trap.models.batching import Tokens


def padded(sequences: Sequence[Sequence[int]], pad: int, device: torch.device) -> Tensor:
    """Right-padded token ids, int64 (sequences, longest)."""
    return torch.from_numpy(batching.padded(sequences, pad)).long().to(device)


def collate(batch: Sequence[Tokens], pad: int, device: torch.device) -> tuple[Tensor, Tensor, int]:
    """Tokens (B, T), labels (B, T - first) and `first`, as `batching.collate` gives them; int64."""
    tokens, labels, first = batching.collate(batch, pad)
    return torch.from_numpy(tokens).long().to(device), torch.from_numpy(labels).long().to(device), first
