"""Films and contact sheets that are older than their claims, tables or lines are found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import film_evidence
import verify_film
from film_evidence import CUES
from trap.files import InputError, write_json
from trap.film.cues import load_sheet
from trap.film.facts import Sources
from trap.film.ledger import (
    MARK,
    Ledger,
    SceneEntry,
    current,
    scenes_today,
    stale_film,
    stale_sheet,
    together,
)
from trap.workflow.closure import sha256_file


def test_a_stale_film_and_a_stale_sheet_are_found(tmp_path: Path, film_folder: Path, sources: Sources):
    """The check behind make verify: other claims, another line, another file."""
    evidence = tmp_path / "made"
    (evidence / "video").mkdir(parents=True)
    for name in ("tables", "data"):
        (evidence / name).symlink_to(film_folder / name)
    shutil.copy(film_folder / "claims.json", evidence)
    cues = tmp_path / "cues.yaml"
    shutil.copy(CUES, cues)
    options = ["--cues", str(cues), "--study", "hops", "--experiment", "full", "--folder", str(evidence)]
    options += ["--evidence", str(film_evidence.COLLECTED), "--data", str(film_folder / "data")]
    assert verify_film.main(options) == 0  # no film: nothing to find fault with

    today = current(scenes_today(load_sheet(cues), "short", sources))
    film = evidence / "video/trap_short.mp4"
    film.write_bytes(b"a film")
    scenes = [SceneEntry(name, 0.0, 1.0, facts, "") for name, facts in today.items()]
    made = Ledger(film.name, sha256_file(film), 2, 2, 10.0, 10, 1.0, together(today), scenes)
    write_json(evidence / "video/trap_short.json", made)
    text = PngInfo()
    text.add_text(MARK, together(today))
    sheet = evidence / "video/contact_sheet_short.png"
    Image.new("RGB", (8, 8)).save(sheet, pnginfo=text)
    assert verify_film.main(options) == 0

    claims = json.loads((evidence / "claims.json").read_text(encoding="utf-8"))
    rows = claims["claims"] if isinstance(claims, dict) else claims
    next(row for row in rows if row["id"] == "contamination_nano")["value"] += 0.01
    (evidence / "claims.json").write_text(json.dumps(claims), encoding="utf-8")
    assert verify_film.main(options) == 1
    changed = film_evidence.opened(evidence)
    now = current(scenes_today(load_sheet(cues), "short", changed))
    assert [line.split(": ", 1)[1] for line in stale_film(evidence / "video/trap_short.json", now)] == [
        "older than its claims, tables or lines: leak (make film)"
    ]
    assert stale_sheet(sheet, now) and not stale_sheet(sheet, today)

    film.write_bytes(b"another film")
    assert "not the file" in stale_film(evidence / "video/trap_short.json", today)[0]
    (evidence / "video/contact_sheet_short.png").write_text("no picture")
    with pytest.raises(InputError, match="not a picture"):
        stale_sheet(sheet, today)
