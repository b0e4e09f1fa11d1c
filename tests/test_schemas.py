"""The JSON Schemas: no drift from the types, and real files validate."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator

import write_schemas
from trap.workflow.config import load_config
from trap.workflow.sheet import load_arms


def validator(root: Path, name: str) -> Draft202012Validator:
    schema = json.loads((root / "config/schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", sorted(write_schemas.schemas()))
def test_no_drift(root: Path, name: str) -> None:
    path = root / "config/schemas" / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == write_schemas.schema_text(name), (
        f"{path} differs from the types: python scripts/write_schemas.py"
    )


def test_no_orphans(root: Path) -> None:
    found = {path.name.split(".")[0] for path in (root / "config/schemas").glob("*.json")}
    assert found == set(write_schemas.schemas())


def test_settings_validate(root: Path) -> None:
    """As they are once the folder of each study is read."""
    config = load_config(root / "config/config.yaml")
    validator(root, "config").validate(msgspec.to_builtins(config))
    for study in config.studies.values():
        validator(root, "study").validate(msgspec.to_builtins(study))


def test_unknown_key_is_refused_by_the_schema(root: Path) -> None:
    values = msgspec.to_builtins(load_config(root / "config/config.yaml"))
    assert list(validator(root, "config").iter_errors({**values, "sedes": 3}))


def test_arms_validate(root: Path) -> None:
    check = validator(root, "arm")
    for arm in load_arms(root / "config/hops/arms.tsv").values():
        check.validate(msgspec.to_builtins(arm))


def test_claims_validate(root: Path) -> None:
    validator(root, "claims").validate(
        yaml.safe_load((root / "config/hops/claims.yaml").read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("graph", "kg.json"),
        ("metrics", "metrics.json"),
        ("question", "train.jsonl"),
        ("question", "eval.jsonl"),
        ("episode", "episodes.jsonl"),
    ],
)
def test_published_files_validate(root: Path, published: Path, name: str, file: str) -> None:
    path = published / "hops" / file
    check = validator(root, name)
    text = path.read_text(encoding="utf-8")
    for row in [text] if path.suffix == ".json" else text.splitlines():
        check.validate(json.loads(row))
