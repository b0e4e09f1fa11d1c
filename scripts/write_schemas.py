"""Write the JSON Schemas of the project's files from the types that read them.

    python scripts/write_schemas.py [--output config/schemas] [--check]

With --check nothing is written: the exit status is 1 if a schema on disk differs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

import msgspec

from trap.cli import run_main
from trap.files import InputError, write_text
from trap.workflow.registry import load_member, members

HERE = Path(__file__).resolve().parent / "trap/studies"

# schema name -> the type that reads a file (one row of it, for JSON lines) and what it describes
SCHEMAS = {
    "config": ("trap.workflow.config", "Config", "config/config.yaml, with the settings of its studies"),
    "study": (
        "trap.workflow.config",
        "StudyConfig",
        "config/STUDY/study.yaml, with experiments.yaml as `experiments`",
    ),
    "arm": ("trap.workflow.sheet", "Arm", "config/STUDY/arms.tsv, one row"),
    "meta": ("trap.analysis.collect", "RunMeta", "meta.json (what the tables read of it)"),
    "log": ("trap.analysis.collect", "LogRow", "log.jsonl, one line"),
    "claims": ("trap.analysis.claim_specs", "ClaimsFile", "config/STUDY/claims.yaml"),
    "validation": ("evaluate_adapter", "Answer", "validation.jsonl, one line"),
}


def schemas() -> dict[str, tuple[str, str, str]]:
    """All schemas: those above, and those of file formats that only one study has."""
    found = dict(SCHEMAS)
    for study in members("study"):
        if Path(HERE, study, "schemas.py").is_file():
            found |= load_member("study", study, "schemas").SCHEMAS
    return found


def schema_text(name: str) -> str:
    """One schema as indented JSON."""
    module, type_name, describes = schemas()[name]
    schema = msgspec.json.schema(getattr(importlib.import_module(module), type_name))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}: {describes}"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("config/schemas"), help="folder of the schemas")
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args(argv)

    def body() -> None:
        for name in schemas():
            path = args.output / f"{name}.schema.json"
            text = schema_text(name)
            if not args.check:
                write_text(path, text)
            elif not path.is_file() or path.read_text(encoding="utf-8") != text:
                raise InputError(f"{path}: differs from the types (python scripts/write_schemas.py)")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
