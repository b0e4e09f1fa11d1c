"""Platform `unsloth_4bit`: as `unsloth`, on weights of 4 bits (QLoRA, arXiv 2305.14314)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trap.platforms import unsloth


def load(lineage: Sequence[Path], device: str = "auto") -> Any:
    """As `unsloth.load`."""
    return unsloth.load(lineage, device, four_bit=True)
