"""Any input to every parser, a few hundred each (`make torture` takes ten thousand); and what was found that way."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import pytest
import yaml

import build_graph
from test_graph_formats import TSV
from torture.fuzzing import fuzz
from torture.parsers import PARSERS
from trap.files import InputError
from trap.models.page_header import MAGIC, read_header
from trap.workflow.config import load_config, parse_config, read_yaml
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
FEW = 200


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_a_result_or_one_line(name: str) -> None:
    parser = PARSERS[name]()
    if parser.lacking:
        pytest.skip(parser.lacking)
    found = fuzz(parser, FEW, 1)
    assert found.tried >= FEW and found.refused < found.tried  # some of what is tried is valid


# --- what was found, each kind once ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("made: 2020-13-45\n", "not YAML: month must be in 1..12"),
        ("a: \0\n", "not YAML: unacceptable character"),
        ("[" * 3000, "not YAML"),
        ("!!python/object:os.system {}\n", "not YAML: could not determine a constructor"),
    ],
)
def test_yaml_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path}") and words in str(error.value)


@pytest.mark.parametrize("given", [[], {"a": 1}, 3, "nobody"])
def test_a_model_like_no_other_is_one_line(given: object) -> None:
    whole = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    with pytest.raises(InputError, match=r"is no other model - at `models\.nano\.like`"):
        parse_config(whole | {"models": whole["models"] | {"nano": {"like": given}}})


@pytest.mark.parametrize("given", [[None], {"a": [None]}, 3])
def test_a_catalogue_that_is_no_path_is_one_line(given: object) -> None:
    whole = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    with pytest.raises(InputError, match=r"the path of a file, not .* - at `catalogue`"):
        parse_config({**whole, "catalogue": given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (1, "studies: hops: a mapping of settings, not '1'"),
        ([1], "studies: hops: a mapping of settings"),
        ({"sheet": 5}, "Expected `str"),
        ({"experiments": 5}, "Expected `object`, got `int` - at `experiments`"),
        ({"experiments": {"default": {"sheet": 5}}}, "experiments"),
        ({"\n": 1}, "unknown field"),
    ],
)
def test_settings_of_another_kind_are_one_line(given: object, words: str) -> None:
    whole = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    with pytest.raises(InputError) as error:
        parse_config({**whole, "studies": {"hops": given}})
    assert words in str(error.value) and "\n" not in str(error.value)


def test_the_settings_of_the_project_are_read_as_before() -> None:
    config = load_config(ROOT / "config/config.yaml")
    assert config.studies["hops"].sheet == "config/hops/arms.tsv"
    assert config.studies["spell_backward"].sheet == "config/reasoning_gym/arms.tsv"


@pytest.mark.parametrize("text", ["\r\0", "#includes \0\n", f"#includes {'a' * 300}\n"])
def test_a_sheet_that_is_no_table_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "arms.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"arms\.tsv|include|aaa|\0"):
        load_arms(path)


@pytest.mark.parametrize("name", ["t.tsv.gz", "t.csv.gz", "t.graphml.gz", "t.nt.gz"])
def test_a_broken_archive_is_one_line(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = gzip.compress(TSV.encode() * 50)
    path = tmp_path / name
    path.write_bytes(whole[:20] + bytes(255 - byte for byte in whole[20:40]) + whole[40:])
    assert build_graph.main(["--graph", str(path), "--output", str(tmp_path / "kg.json")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}") and error.count("\n") == 1


@pytest.mark.parametrize("held", [b"[]", b"5", b"[" * 5000, b"{"])
def test_a_model_file_with_an_odd_header_is_one_line(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(MAGIC + struct.pack("<I", len(held)) + held)
    with pytest.raises(InputError, match=r"m\.bin: the header is damaged"):
        read_header(path)
    path.write_bytes(MAGIC + struct.pack("<I", 2) + json.dumps({}).encode())
    assert read_header(path) == {}
