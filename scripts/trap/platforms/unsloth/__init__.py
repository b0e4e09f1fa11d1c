"""Platform `unsloth`: Unsloth's kernels on a CUDA card, TRL's trainer, PEFT adapters; 16 bit.

`unsloth_4bit` is the same with weights of 4 bits: other arithmetic, so a platform of its own. Nothing of
either is imported before one is chosen, and Unsloth before what it changes (transformers, peft, trl).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trap.files import InputError

INSTALL = "pip install -r requirements/unsloth.txt, in an environment of its own"


def load(lineage: Sequence[Path], device: str = "auto", four_bit: bool = False) -> Any:
    """The model at the end of a lineage of folders: a whole model, then adapters, each merged into the one before.

    Raises InputError where there is no card, no Unsloth, or no model that it loads.
    """
    import torch

    if device not in ("auto", "cuda"):
        raise InputError(f"device: {device!r}: platform unsloth runs on CUDA cards only")
    if not torch.cuda.is_available():
        raise InputError(
            "platform: unsloth needs a CUDA card, and torch finds none here (see platform torch)"
        )
    os.environ.setdefault("UNSLOTH_RETURN_LOGITS", "1")  # scores are read from them
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # models lie in run folders by now; nothing is looked up
    try:
        import unsloth  # noqa: F401
    except ImportError as error:
        raise InputError(f"platform: unsloth cannot be imported ({error}): {INSTALL}") from None
    from trap.platforms.unsloth.model import UnslothModel

    return UnslothModel(lineage, four_bit)
