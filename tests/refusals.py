"""What a script owes a person whose input it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import build_graph


def refuse(arguments: list[str], output: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run build_graph over an earlier output; it must exit 1 with one line and leave that output alone."""
    output.write_text("earlier")
    assert build_graph.main([*arguments, "--output", str(output)]) == 1
    captured = capsys.readouterr()
    assert output.read_text() == "earlier"
    assert sorted(path.name for path in output.parent.iterdir() if path.name.startswith(".")) == []
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("error: ")
    return lines[0]
