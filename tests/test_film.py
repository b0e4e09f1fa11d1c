"""The film without its pictures: words, numbers, times, subtitles, kit, chosen episodes, stale films."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import film_evidence
import render_scene
import write_scene_facts
from film_evidence import COLLECTED, CUES
from trap.files import InputError, read_json
from trap.film import CUTS, QUALITIES, known_quality
from trap.film.cues import CHARACTERS, LINES, READING_SPEED, WORDS, load_sheet, scenes_of, shown, wrap
from trap.film.facts import CueFacts, Facts, Sources, gathered, present, scene_facts
from trap.film.kit import render_kit
from trap.film.numbers import names_in, signed
from trap.film.subtitles import srt, timeline, vtt
from trap.report.numerals import bare_numerals, literal_numbers
from trap.workflow.config import load_config
from trap.workflow.plan import Plan

ROOT = Path(__file__).resolve().parent.parent
SCENES = ROOT / "scripts/trap/studies/hops/film/scenes"


@pytest.fixture(scope="module")
def all_facts(sources: Sources) -> list[Facts]:
    sheet = load_sheet(CUES)
    return [scene_facts(sheet, scene.scene, sources) for scene in sheet.scenes]


def sheet_with(tmp_path: Path, **changes: object) -> Path:
    """The cue sheet with keys of its first cue replaced."""
    import yaml

    values = yaml.safe_load(CUES.read_text(encoding="utf-8"))
    values["scenes"][0]["cues"][0].update(changes)
    path = tmp_path / "cues.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


# --- the cue sheet --------------------------------------------------------------------------------


def test_the_film_can_be_drawn_from_what_the_default_experiment_runs(tmp_path: Path, film_folder: Path):
    """As full evidence without the arms that `make paper` leaves out: a scene that asks for one of them is left out."""
    plan = Plan.of(load_config(ROOT / "config/config.yaml"), "hops")
    ran = {(run.model, run.arm) for run in plan.runs("default")}
    left_out = {(run.model, run.arm) for run in plan.runs("full")} - ran
    assert left_out
    blank = {"value": None, "low": None, "high": None, "verdict": "not tested"}
    rows = json.loads((film_folder / "claims.json").read_text(encoding="utf-8"))
    rows = [
        row | blank if any((row["model"], arm) in left_out for arm in row["arms"] or ()) else row
        for row in rows
    ]
    (tmp_path / "claims.json").write_text(json.dumps(rows), encoding="utf-8")
    shutil.copytree(film_folder / "data", tmp_path / "data")
    for path in [*(film_folder / "tables").glob("*.parquet"), *COLLECTED.glob("*.parquet")]:
        table = pl.read_parquet(path)
        if {"model", "arm"} <= set(table.columns):
            names = pl.concat_str(pl.col("model", "arm").cast(pl.String), separator=" ")
            table = table.filter(names.is_in([" ".join(pair) for pair in left_out]).not_())
        kept = tmp_path / ("collected" if path.is_relative_to(COLLECTED) else "tables")
        kept.mkdir(exist_ok=True)
        table.write_parquet(kept / path.name)
    fewer = film_evidence.opened(tmp_path, tmp_path / "collected")
    sheet = load_sheet(CUES)
    facts = {scene.scene: gathered(sheet, scene.scene, fewer) for scene in sheet.scenes}
    assert {name for name, told in facts.items() if told.absent} == {"key"}
    assert "no accuracy of nano rsft_eval_permuted" in facts["key"].absent
    assert {"contamination_nano", "contamination_nano_able"} <= set(facts["leak"].words)
    assert {row["model"] for row in facts["rerun"].data["rows"]} == {"nano", "nano_able"}


def test_every_scene_has_a_picture_and_the_other_way_round():
    named = {scene.scene for scene in load_sheet(CUES).scenes}
    assert named == {path.stem for path in SCENES.glob("*.py")} - {"__init__", "poster"}
    assert set(scenes_of(load_sheet(CUES), "short")) < set(scenes_of(load_sheet(CUES), "wide"))


def test_a_scene_of_an_experiment_without_results_is_left_out(
    tmp_path: Path, film_folder: Path, sources: Sources
):
    rows = json.loads((film_folder / "claims.json").read_text(encoding="utf-8"))
    blank = {"value": None, "low": None, "high": None, "verdict": "not tested", "also": None}
    rows = [row | blank if row["id"].startswith("way_out") else row for row in rows]
    (tmp_path / "claims.json").write_text(json.dumps(rows), encoding="utf-8")
    for name in ("tables", "data"):
        (tmp_path / name).symlink_to(film_folder / name)
    sheet = load_sheet(CUES)
    less = film_evidence.opened(tmp_path)

    def told(given: Sources) -> list[str]:
        return [f.scene for f in present([gathered(sheet, name, given) for name in scenes_of(sheet, "wide")])]

    assert told(sources) == scenes_of(sheet, "wide")
    assert told(less) == scenes_of(sheet, "wide", experiments=[]) != scenes_of(sheet, "wide")
    assert scenes_of(sheet, "wide", experiments=["way_out"]) == scenes_of(sheet, "wide")
    outputs = [tmp_path / "facts" / f"{scene.scene}.json" for scene in sheet.scenes]
    given = [*film_evidence.arguments(tmp_path), "--cues", str(CUES)]
    assert write_scene_facts.main([*given, "--output", *map(str, outputs)]) == 0
    facts = {path.stem: read_json(path, Facts) for path in outputs}
    assert facts["way"].absent == "its experiment way_out was not run"
    assert facts["way"].cues == {"wide": [], "short": []} and not facts["way"].data
    starts = timeline([facts[scene] for scene in scenes_of(sheet, "wide")], "wide")
    assert all(one.end == two.start for one, two in itertools.pairwise(starts))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"line": "It got 75 % right."}, "bare numeral '75'"),
        ({"line": "It stopped after three links."}, "bare numeral 'three'"),
        ({"line": "It got {B3} right.", "claims": []}, "B3 stands in the line but is not listed"),
        ({"seconds": {"tall": 3.0}}, "unknown cut 'tall'"),
        ({"seconds": {"wide": 3.05}}, "no positive multiple of 0.1"),
        ({"verdict": "trap_nano"}, "need each other"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_cue_is_one_line(tmp_path: Path, changes: dict[str, object], words: str):
    path = sheet_with(tmp_path, **changes)
    with pytest.raises(InputError, match=re.escape(words)) as error:
        load_sheet(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_the_quality_is_draft_or_final(tmp_path: Path):
    path = tmp_path / "cues.yaml"
    text = CUES.read_text(encoding="utf-8")
    assert load_sheet(CUES).quality == "final"
    for name in QUALITIES:
        path.write_text(re.sub(r"(?m)^quality: \w+", f"quality: {name}", text), encoding="utf-8")
        assert load_sheet(path).quality == known_quality(name) == name
    path.write_text(re.sub(r"(?m)^quality: \w+", "quality: huge", text), encoding="utf-8")
    with pytest.raises(InputError, match=r"huge.*quality"):
        load_sheet(path)
    with pytest.raises(InputError, match="unknown film_quality `huge` \\(known: draft, final\\)"):
        known_quality("huge")


def test_progress_is_a_line_per_cue():
    listening, telling = os.pipe()
    watch = render_scene.told("walk, wide", 10, telling)
    watch(25, 100)
    watch(100, 100)
    os.close(telling)
    watch(100, 100)  # nobody listens: no error
    with os.fdopen(listening, encoding="utf-8") as lines:
        first, last = lines.read().splitlines()
    assert re.fullmatch(r"walk, wide: 2\.5 of 10\.0 s drawn, \d+ s left", first)
    assert last == "walk, wide: 10.0 of 10.0 s drawn, 0 s left"


def test_a_line_too_long_for_its_time_is_refused(tmp_path: Path, sources: Sources):
    with pytest.raises(InputError, match="at most 17 a second"):
        shown(load_sheet(sheet_with(tmp_path, seconds={"wide": 1.0})), "wide", sources.numbers)


def test_a_verdict_without_a_line_is_refused(tmp_path: Path, sources: Sources):
    path = sheet_with(tmp_path, line={"unheard of": "So it is."}, verdict="trap_nano")
    with pytest.raises(InputError, match="no line for the verdict"):
        shown(load_sheet(path), "wide", sources.numbers)


@settings(deadline=None)
@given(st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=24), st.sampled_from(CUTS))
def test_wrapping_keeps_the_words_and_the_limits(words: list[str], cut: str):
    text = " ".join(words)
    try:
        lines = wrap(text, cut).split("\n")
    except InputError:
        assert len(words) > WORDS * LINES[cut] or len(text) > CHARACTERS[cut]
        return
    assert " ".join(lines) == text and len(lines) <= LINES[cut]
    assert all(len(line) <= CHARACTERS[cut] and len(line.split()) <= WORDS for line in lines)


# --- numbers --------------------------------------------------------------------------------------


def _values(claim: dict) -> list[float]:
    """Every number of a claim, in its own unit and in percent."""
    parts = [claim, claim["published"] or {}, *(claim["also"] or {}).values()]
    found = [part.get(key) for part in parts for key in ("value", "low", "high", "n", "seeds")]
    return [scale * value for value in found if value is not None for scale in (1, 100)]


def _numbers(text: str) -> list[tuple[float, float]]:
    """(number, half of its last digit) of every number in a text."""
    found = []
    for number in re.findall(r"[−-]?\d[\d\u202f]*(?:\.\d+)?", text.replace("–", " to ")):
        digits = len(number.partition(".")[2])
        found.append((float(number.replace("−", "-").replace("\u202f", "")), 0.5 * 10**-digits + 1e-9))
    return found


def test_every_number_of_a_claim_is_the_claims(sources: Sources, all_facts: list[Facts]):
    checked = 0
    for facts in all_facts:
        for key, names in facts.sources.items():
            known = [value for name in names for value in _values(sources.evidence.claims[name])]
            if key in ("rsft_easy", "published.rsft_easy") or key.startswith("rsft_easy."):
                continue  # B3 plus B4, and its interval: below
            for number, half in _numbers(facts.words[key]):
                if names:
                    assert any(abs(number - value) <= half for value in known), (facts.scene, key, number)
                    checked += 1
    assert checked > 40


def test_the_published_fall_adds_up(sources: Sources, all_facts: list[Facts]):
    claims = sources.evidence.claims
    shown_value = _numbers(next(f for f in all_facts if f.scene == "claim").words["rsft_easy"])[0][0]
    assert (
        abs(shown_value - 100 * (claims["B3"]["published"]["value"] + claims["B4"]["published"]["value"]))
        < 0.5
    )


def test_every_number_of_a_caption_is_a_claims_or_a_quantity(sources: Sources, all_facts: list[Facts]):
    sheet = load_sheet(CUES)
    lines = {(scene.scene, cue.id): cue for scene in sheet.scenes for cue in scene.cues}
    for facts in all_facts:
        for cut in CUTS:
            for cue in facts.cues[cut]:
                written = lines[facts.scene, cue.id]
                line = (
                    written.line
                    if isinstance(written.line, str)
                    else written.line[sources.numbers.verdict(written.verdict)]
                )
                assert " ".join(cue.text.split("\n")) == sources.numbers.fill(" ".join(line.split()))
                assert sources.numbers.claims_in(line) <= set(cue.claims) <= set(sources.evidence.claims)


def test_scenes_and_kit_hold_no_typed_numbers():
    for path in SCENES.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.search(r"\d", node.value)
            ):
                identifier = re.fullmatch(r"[a-z_]+\d+m", node.value)  # rsft_eval_135m, a published point
                assert identifier, f"{path.name}:{node.lineno}: {node.value!r}"
    template = (ROOT / "video/kit.md.j2").read_text(encoding="utf-8")
    assert not bare_numerals(template) and not [x for x in literal_numbers(template) if not x.startswith("%")]


def test_an_unknown_number_is_refused(sources: Sources):
    for name in ("Z9", "quantity.moons", "published.moon", "F7", "trap_nano.also.moon"):
        with pytest.raises(InputError):
            sources.numbers.text(name)
    with pytest.raises(InputError, match="unknown style"):
        sources.numbers.text("trap_nano", "roman")


def test_parts_of_a_reward_are_written_with_their_sign():
    assert [signed(value) for value in (1.0, -2.0, 0.0, 0.4000000059604645, -0.5)] == [
        "+1",
        "−2",
        "0",
        "+0.4",
        "−0.5",
    ]


# --- time -----------------------------------------------------------------------------------------


def _facts(*cues: tuple[str, float]) -> Facts:
    rows = [CueFacts(f"c{number}", text, seconds, []) for number, (text, seconds) in enumerate(cues)]
    return Facts("made", "Made up", {"wide": rows, "short": []}, {}, {}, {})


def test_captions_cover_the_film_without_gaps(all_facts: list[Facts]):
    for cut in CUTS:
        captions = timeline(all_facts, cut)
        assert captions[0].start == 0
        assert all(a.end == b.start for a, b in itertools.pairwise(captions))
        assert captions[-1].end == pytest.approx(sum(c.seconds for f in all_facts for c in f.cues[cut]))
        low, high = {"wide": (120, 240), "short": (45, 60)}[cut]
        assert low <= captions[-1].end <= high
        for caption in captions:
            assert len(caption.text) <= READING_SPEED * (caption.end - caption.start) + 1e-6
            assert all(len(line.split()) <= WORDS for line in caption.text.split("\n"))


def test_tenths_do_not_drift():
    captions = timeline([_facts(*[("word", 0.1)] * 1000)], "wide")
    assert captions[-1].end == 100.0
    assert srt(captions).count("-->") == 1000
    assert "00:01:39,900 --> 00:01:40,000" in srt(captions)


def test_subtitles_in_both_formats():
    captions = timeline([_facts(("first\nline", 1.5), ("a < b & c", 3600.0))], "wide")
    assert srt(captions) == (
        "1\n00:00:00,000 --> 00:00:01,500\nfirst\nline\n\n2\n00:00:01,500 --> 01:00:01,500\na < b & c\n"
    )
    assert vtt(captions) == (
        "WEBVTT\n\nmade.c0\n00:00:00.000 --> 00:00:01.500\nfirst\nline\n"
        "\nmade.c1\n00:00:01.500 --> 01:00:01.500\na &lt; b &amp; c\n"
    )


def test_the_kit_has_every_line_and_chapters_from_the_start(sources: Sources, all_facts: list[Facts]):
    kit = render_kit(ROOT / "video/kit.md.j2", load_sheet(CUES), all_facts, sources)
    for facts in all_facts:
        assert f"(`{facts.scene}`)" in kit
        for cut in CUTS:
            for cue in facts.cues[cut]:
                assert " ".join(cue.text.split()) in kit.replace("\\", "")
    chapters = re.findall(r"^> (\d+):(\d\d) ", kit, re.MULTILINE)
    times = [60 * int(minutes) + int(seconds) for minutes, seconds in chapters]
    assert times[0] == 0 and times == sorted(times) and len(times) == len(all_facts)
    assert all(b - a >= 10 for a, b in itertools.pairwise(times))  # shorter ones are not taken as chapters
    assert "{" not in kit


def test_lines_leave_room_for_other_verdicts_and_longer_numbers(sources: Sources):
    """Results change: every verdict's line fits with its numbers, each a digit longer than it is."""
    for scene in load_sheet(CUES).scenes:
        for cue in scene.cues:
            for line in [cue.line] if isinstance(cue.line, str) else cue.line.values():
                text = sources.numbers.fill(" ".join(line.split()))
                longer = len([name for name in names_in(line) if not name.startswith("published.")])
                for cut, seconds in cue.seconds.items():
                    where = f"{scene.scene}.{cue.id} ({cut}): {text}"
                    assert len(wrap(text + "x" * longer, cut, where)) <= READING_SPEED * seconds, where


# --- the episodes that are shown ------------------------------------------------------------------


def test_episodes_are_what_the_film_says_they_are(sources: Sources, all_facts: list[Facts]):
    data = {facts.scene: facts.data for facts in all_facts}
    edges = sources.graph.edges
    relation = {phrase: name for name, phrase in _phrases(sources).items()}
    for clause in data["walk"]["path"]:
        assert (clause["src"], relation[clause["phrase"]], clause["dst"]) in edges
    path, broken, walked = data["traces"]["path"], *data["traces"]["traces"].values()
    assert len(broken["clauses"]) < len(path) and not broken["faithful"]
    assert walked["faithful"] and walked["clauses"] == path and walked["letter"] == data["traces"]["right"]
    shown_answer = data["reward"]["trace"]
    assert shown_answer["correct"] and not all(clause["true"] for clause in shown_answer["clauses"])
    for clause in shown_answer["clauses"]:
        assert clause["true"] == ((clause["src"], relation[clause["phrase"]], clause["dst"]) in edges)
    parts = data["reward"]["parts"]
    assert parts["total"] == pytest.approx(parts["letter"] + parts["names"] + parts["spam"])
    assert any(data["sample"]["book"]) and not all(data["sample"]["book"])


def test_every_judging_line_has_an_undecided_case():
    judged = [cue for scene in load_sheet(CUES).scenes for cue in scene.cues if cue.verdict]
    assert judged
    for cue in judged:
        assert set(cue.line) == {"reproduced", "not reproduced", "inconclusive"}, cue.id


def _phrases(sources: Sources) -> dict[str, str]:
    from trap.studies.hops.wording import phrase_of

    return {name: phrase_of(name, sources.graph.relation_label[name]) for name in sources.graph.relations}


def test_facts_are_the_same_every_time(film_folder: Path, all_facts: list[Facts]):
    sheet = load_sheet(CUES)
    again = film_evidence.opened(film_folder)
    for facts in all_facts:
        assert scene_facts(sheet, facts.scene, again) == facts
