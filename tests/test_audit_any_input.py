"""Any bytes, any rows: a report or one line, never a traceback."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tempfile
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trap.audit.command import main

MANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=6,
)
NAMES = (
    "question", "prompt", "options", "choices", "answer", "label", "id", "A", "B", "messages", "text", "completion", "correct",
    "score", "reward", "seed", "parsed", "doc", "doc_id", "resps", "filtered_resps", "target", "arguments", "input", "epoch",
    "scores", "output", "metrics", "kept", "run", "group", "format",
)  # fmt: skip
rows = st.lists(st.dictionaries(st.sampled_from(NAMES), values, max_size=8), min_size=1, max_size=6)
sensible = st.fixed_dictionaries(
    {"question": st.text(max_size=20), "answer": scalars},
    optional={
        "options": values,
        "id": scalars,
        "correct": scalars,
        "response": values,
        "group": scalars,
        "seed": scalars,
    },
)


WAYS = (("--train",), ("--eval",), ("--samples",), ("--train", "--eval", "--samples"))


def runs_to_its_end(path: Path, given_as: tuple[str, ...]) -> None:
    """The audit ends with a report or with one line that names the file."""
    said, told = io.StringIO(), io.StringIO()
    arguments = [part for kind in given_as for part in (kind, str(path))]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        status = main([*arguments, "--report", str(path.parent / "out")])
    error = told.getvalue()
    if status:
        assert error.startswith("error: ") and error.count("\n") == 1 and str(path) in error
    else:
        assert "Verdict" in said.getvalue() and json.loads((path.parent / "out/claims.json").read_bytes())


def with_content(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_bytes(content)
        runs_to_its_end(path, WAYS[sum(content) % len(WAYS)])


@MANY
@given(st.binary(max_size=200))
def test_any_bytes(content):
    with_content(content)


@MANY
@given(st.sampled_from([b"\x1f\x8b\x08", b"PAR1", b"PK\x03\x04", b"[", b"{", b"[{", b"\xef\xbb\xbf", b"a,b\n", b"a\tb\n"]), st.binary(max_size=80))  # fmt: skip
def test_any_bytes_after_a_known_beginning(start, rest):
    with_content(start + rest)


@MANY
@given(rows)
def test_any_rows(found):
    with_content("\n".join(json.dumps(row) for row in found).encode())


@MANY
@given(st.lists(sensible, min_size=1, max_size=6))
def test_rows_that_are_nearly_right(found):
    with_content("\n".join(json.dumps(row) for row in found).encode())


@MANY
@given(values)
def test_any_document(document):
    with_content(json.dumps(document, indent=1).encode())


@MANY
@given(rows, st.integers(0, 60))
def test_zips_and_gzips_of_anything(found, cut):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, row in enumerate(found):
            archive.writestr(f"samples/{number}.json", json.dumps(row))
    with_content(stream.getvalue())
    whole = gzip.compress(json.dumps(found).encode())
    with_content(whole[: len(whole) - cut])


@MANY
@given(st.text(alphabet='ab,"\n\r\t;1 é', max_size=60))
def test_any_table(text):
    with_content(("question,answer\n" + text).encode())


@MANY
@given(st.text(max_size=40) | values.map(json.dumps))
def test_any_mapping(text):
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder) / "a.jsonl", Path(folder) / "m.yaml"
        path.write_text('{"question": "one?", "answer": "1"}\n{"question": "two?", "answer": "2"}\n')
        mapping.write_bytes(text.encode("utf-8", "replace"))
        told = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
            status = main(["--eval", str(path), "--mapping", str(mapping)])
        assert status == 0 or told.getvalue().count("\n") == 1
