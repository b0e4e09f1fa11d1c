"""The reference trajectory: losses that every platform gives from one checkpoint, order and settings.

    python tests/trajectory.py --write            # compute it anew, on the platform torch in float32
    python tests/trajectory.py --compare cuda     # how far another device is from it, in float32

In the style of TRL's invariant tests: `tests/data/trajectory.json` is committed, and each platform has a
test that reproduces it within TOLERANCE. A change of data order, label mask, schedule, clipping or
optimizer moves the losses by far more. The LoRA fits start from a saved adapter, since platforms draw
fresh ones differently.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests/data/trajectory.json"
TOLERANCE = 1e-4  # nats per token; platforms differ by 2e-6 to 2e-5, which is the order of float32 sums
SEED, RANK, ALPHA = 7, 4, 12

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

import tiny_models as tiny  # noqa: E402
from trap.platforms import Fit  # noqa: E402

STEPS = {"max_steps": 25, "batch_size": 8, "weight_decay": 0.1, "warmup_ratio": 0.2}
FITS = {
    "full, AdamW": Fit(**STEPS, learning_rate=3e-3, tune="full"),
    "full, Muon": Fit(**STEPS, learning_rate=1e-2, tune="full", optim="muon"),
    "LoRA, AdamW": Fit(**STEPS, learning_rate=1e-2, lora_r=RANK, lora_alpha=ALPHA),
    "LoRA, Muon": Fit(**STEPS, learning_rate=1e-2, lora_r=RANK, lora_alpha=ALPHA, optim="muon"),
}


def checkpoint(folder: Path) -> tuple[Path, Path]:
    """(base model, LoRA adapter to start from in PEFT format), both fixed by their seeds."""
    from trap.platforms.torch.lora import Lora

    made = tiny.model([1, 0])
    Lora.fresh(made.weights, RANK, ALPHA, SEED).save(folder / "start", "")
    return tiny.save(made, folder / "base"), folder / "start"


def losses(model: Any, settings: Fit) -> list[float]:
    """The loss of every step."""
    rows: list[dict] = []
    model.fit(tiny.texts(), settings, SEED, rows.append)
    return [row["loss"] for row in rows]


def on_torch(base: Path, start: Path, settings: Fit, device: str = "cpu") -> list[float]:
    """The trajectory on the platform torch, in float32 as every model of this size."""
    from trap.platforms.torch import load
    from trap.platforms.torch.lora import load_lora

    model = load([base], device)
    if settings.tune == "lora":
        model.frozen, model.adapter = model.weights, load_lora(start, model.weights)
    return losses(model, settings)


def compare(device: str) -> int:
    """Print how far each fit on a device is from what is committed; 1 where one leaves the tolerance."""
    from trap.platforms.torch import fitting

    fitting.bfloat16_pays = lambda device, weights: False  # cards would round to bfloat16
    known = json.loads(FILE.read_text(encoding="utf-8"))["fits"]
    apart = {}
    with tempfile.TemporaryDirectory() as folder:
        base, start = checkpoint(Path(folder))
        for name, settings in FITS.items():
            found = on_torch(base, start, settings, device)
            apart[name] = max(abs(a - b) for a, b in zip(found, known[name]["losses"], strict=True))
            print(f"{name}: at most {apart[name]:.1e} nats a token from the reference", flush=True)
    return int(max(apart.values()) > TOLERANCE)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--compare", metavar="DEVICE")
    args = parser.parse_args()
    if args.compare:
        return compare(args.compare)
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        base, start = checkpoint(Path(folder))
        rows = {
            name: {"settings": asdict(settings), "losses": on_torch(base, start, settings)}
            for name, settings in FITS.items()
        }
    about = f"platform torch {torch.__version__.split('+')[0]}, float32, one thread; python tests/trajectory.py --write"
    FILE.write_text(json.dumps({"made_by": about, "seed": SEED, "fits": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
