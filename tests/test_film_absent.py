"""No scene stops the film: one that this evidence has no example for is left out, everywhere alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import draw_thumbnail
import film_evidence
import render_scene
import verify_film
import write_kit
import write_scene_facts
import write_subtitles
from film_evidence import COLLECTED, CUES, RELEASED
from skips import needs
from trap.files import read_json
from trap.film import CUTS
from trap.film.cues import load_sheet, scenes_of
from trap.film.facts import POSTER, Facts, Sources, gathered, left_out
from trap.film.look import QUALITIES
from trap.film.subtitles import timeline
from trap.studies.hops.film.examples import rewarded

ROOT = Path(__file__).resolve().parent.parent
SHEET = load_sheet(CUES)
SCENES = scenes_of(SHEET, "wide")
SLOW = ("traces", "sample", "reward")  # to gather, and no different from the others
TABLES = ("arms", "by_level", "doses", "rollouts")
LOGS = ("curves", "episodes")
HARD = (pl.col("kind") == "eval") & (pl.col("pool") == "eval_hard")
ALL = pl.lit(True)
A_FALSE_REASON = pl.col("correct") & (pl.col("first_false") >= 0)


def evidence(folder: Path, made: Path, without: dict[str, pl.Expr]) -> Sources:
    """The released evidence, of which `made` holds tables and claims, without some rows of its tables."""
    for kept, given, names in (("tables", made / "tables", TABLES), ("collected", COLLECTED, LOGS)):
        (folder / kept).mkdir(parents=True)
        for name in names:
            table = pl.read_parquet(given / f"{name}.parquet")
            if name in without:
                table = (
                    table.head(0) if without[name] is ALL else table.filter(~without[name].fill_null(False))
                )
            table.write_parquet(folder / kept / f"{name}.parquet")
    shutil.copy(made / "claims.json", folder)
    shutil.copytree(made / "data", folder / "data")
    return film_evidence.opened(folder, folder / "collected")


def absent(sources: Sources) -> dict[str, str]:
    told = [gathered(SHEET, name, sources) for name in [*SCENES, POSTER]]
    for scene in told:
        assert "\n" not in scene.absent
        assert bool(scene.absent) != any(scene.cues.values()) or scene.scene == POSTER
    return {scene.scene: scene.absent for scene in told if scene.absent}


def test_a_number_that_no_sample_gave_leaves_out_its_scenes(film_folder: Path, tmp_path: Path) -> None:
    """Where no sample was right, the table of rollouts has no column of the right ones."""
    sources = evidence(tmp_path / "evidence", film_folder, {})
    path = tmp_path / "evidence/tables/rollouts.parquet"
    pl.read_parquet(path).drop("winner_faithful").write_parquet(path)
    why = "rollouts.parquet: no winner_faithful of nano rsft_hard, which the film shows"
    assert absent(sources) == {"sample": why}


EXAMPLES: dict[str, tuple[dict[str, pl.Expr], set[str]]] = {
    "no right letter with a false statement": ({"episodes": A_FALSE_REASON}, {"reward"}),
    "none of that arm": ({"episodes": A_FALSE_REASON & HARD & (pl.col("arm") == "rsft_hard")}, set()),
    "nobody walked to the end": (
        {"episodes": HARD & (pl.col("model") == "nano_able") & (pl.col("arm") == "sft")},
        {"traces"},
    ),
    "no hard answer before practice": ({"episodes": HARD & (pl.col("arm") == "sft")}, {"traces"}),
    "no rollouts to show": ({"episodes": pl.col("kind") == "rollout"}, {"sample"}),
    "no hard question": ({"episodes": HARD}, {"walk", "sample", "traces", "ruler"}),
    "no question at all": ({"episodes": ALL}, {"walk", "reward", "sample", "traces", "ruler"}),
    "no estimates": ({"arms": ALL}, {"rerun", "key"}),
    "no hop counts": ({"by_level": ALL}, {"walk", "traces", "ruler"}),
    "no doses": ({"doses": ALL}, {"leak"}),
    "no account of rollouts": ({"rollouts": ALL}, {"sample"}),
    "no curves": ({"curves": ALL}, {"rerun"}),
}


@pytest.mark.parametrize("case", EXAMPLES)
def test_a_scene_without_its_example_is_left_out_alone(case: str, tmp_path: Path, film_folder: Path) -> None:
    without, missing = EXAMPLES[case]
    assert set(absent(evidence(tmp_path, film_folder, without))) == missing


def test_the_released_evidence_tells_every_scene(sources: Sources) -> None:
    assert absent(sources) == {}


# What the experiment way_out lacks, and why which scenes are left out.
BESIDE: dict[str, tuple[dict[str, pl.Expr], dict[str, str]]] = {
    "no true walk": (
        {"episodes": pl.col("arm") == "way_out_full"},
        {"way": "no episode is a hard question that nano_nope way_out_full walks truly"},
    ),
    "no weights": ({"attention": ALL}, {"ruler": "attention.parquet: no weights of nano"}),
    "it looks at the right link": (
        # only the weights of the right links are left, and none of the others
        {"attention": pl.lit(False)},
        {"ruler": "attention.parquet: nano looks at the right link of"},
    ),
    "nothing is there": (
        {},
        {
            "ruler": "way_out: its collected runs are not here",
            "way": "way_out: its collected runs are not here",
        },
    ),
}


@pytest.mark.parametrize("case", BESIDE)
def test_scenes_of_another_experiment_hang_on_its_evidence(
    case: str, tmp_path: Path, film_folder: Path, sources: Sources
) -> None:
    without, missing = BESIDE[case]
    for name, gone in without.items():
        table = pl.read_parquet(RELEASED / f"way_out/{name}.parquet")
        if case == "it looks at the right link":
            right = pl.when(pl.col("relation") == pl.col("clause")).then(1.0).otherwise(0.0)
            table = table.with_columns(weight=right.cast(pl.Float64))
        table.filter(~gone).write_parquet(tmp_path / f"{name}.parquet")
    for name in ("episodes", "attention"):
        if without and name not in without:
            (tmp_path / f"{name}.parquet").symlink_to(RELEASED / f"way_out/{name}.parquet")
    given = film_evidence.opened(film_folder, beside={"way_out": tmp_path} if without else {})
    given.__dict__ |= {"episodes": sources.episodes, "followed": sources.followed}
    told = {name: gathered(SHEET, name, given).absent for name in ("ruler", "way", "walk", "home")}
    assert {name for name, why in told.items() if why} == set(missing)
    for name, why in missing.items():
        assert why in told[name]


def test_a_claim_without_a_value_takes_its_scene_along(
    tmp_path: Path, film_folder: Path, sources: Sources
) -> None:
    """Every claim that a scene names, in turn."""
    rows = json.loads((film_folder / "claims.json").read_text(encoding="utf-8"))
    blank = {"value": None, "low": None, "high": None, "published": None, "also": None}
    behind = {scene.scene: {name for cue in scene.cues for name in cue.claims} for scene in SHEET.scenes}
    ledger = tmp_path / "claims.json"
    for name in ("tables", "data"):
        (tmp_path / name).symlink_to(film_folder / name)
    # The episodes are looked through once for all: they do not hang on the claims.
    for name in sorted(set().union(*behind.values())):
        ledger.write_text(json.dumps([row | blank if row["id"] == name else row for row in rows]))
        given = film_evidence.opened(tmp_path)
        given.__dict__ |= {"episodes": sources.episodes, "after": sources.after, "followed": sources.followed}
        for scene in SCENES:
            if name in behind[scene] and scene not in SLOW:
                told = gathered(SHEET, scene, given)
                assert told.absent, (scene, name)


def test_another_answer_is_taken_before_the_scene_is_left_out(
    tmp_path: Path, film_folder: Path, sources: Sources
) -> None:
    first = rewarded(sources.episodes, "nano")
    assert (first["model"], first["arm"], first["pool"]) == ("nano", "rsft_hard", "eval_hard")
    fewer = evidence(tmp_path, film_folder, {"episodes": A_FALSE_REASON & (pl.col("arm") == "rsft_hard")})
    other = rewarded(fewer.episodes, "nano")
    assert other["arm"] != "rsft_hard" and other["correct"] and other["first_false"] >= 0
    assert not all(clause.true for clause in fewer.episodes.clauses(other))


@needs("film")
def test_another_answer_is_drawn_as_well_as_the_first(
    tmp_path: Path, film_folder: Path, sources: Sources
) -> None:
    from trap.film.look import FORMATS
    from trap.film.render import rehearse

    fewer = evidence(tmp_path, film_folder, {"episodes": A_FALSE_REASON & (pl.col("arm") == "rsft_hard")})
    assert rehearse(gathered(SHEET, "reward", fewer), FORMATS["wide"], QUALITIES["test"]).findings == []


# --- what is made of facts ----------------------------------------------------------------------


def drawn(folder: Path, sources: Sources, clip: Callable[[Path, Facts, str], None]) -> Path:
    """Everything of a film, as the workflow makes it; `clip` stands for Manim."""
    import assemble_film  # these need PyAV, and most tests of this file do not
    import draw_stills

    video = folder / "video"
    given = film_evidence.arguments(folder, folder / "collected")
    cues = ["--cues", str(CUES)]
    named = {name: str(video / f"facts/{name}.json") for name in [*SCENES, POSTER]}
    assert write_scene_facts.main([*cues, *given, "--output", *named.values()]) == 0
    for cut in CUTS:
        names = scenes_of(SHEET, cut)
        facts = ["--facts", *(named[name] for name in names), "--cut", cut]
        clips = [video / f"clips/{cut}_{name}.mp4" for name in names]
        for name, path in zip(names, clips, strict=True):
            told = read_json(Path(named[name]), Facts)
            if told.absent:
                asked = ["--facts", named[name], "--cut", cut, "--output", str(path)]
                assert render_scene.main(asked) == 0  # without Manim: there is nothing to draw
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                clip(path, told, cut)
            if told.absent or name == "home":
                assert (
                    draw_stills.main(["--film", str(path), "--animation", str(path.with_suffix(".webp"))])
                    == 0
                )
        film, ledger = video / f"trap_{cut}.mp4", video / f"trap_{cut}.json"
        made = ["--quality", "test", "--output", str(film), "--ledger", str(ledger)]
        assert assemble_film.main(["--clips", *map(str, clips), *facts, *cues, *made]) == 0
        sheet = ["--ledger", str(ledger), "--sheet", str(video / f"contact_sheet_{cut}.png")]
        assert draw_stills.main(["--film", str(film), *sheet]) == 0
        words = ["--srt", str(video / f"trap_{cut}.srt"), "--vtt", str(video / f"trap_{cut}.vtt")]
        assert write_subtitles.main([*facts, *words]) == 0
    wide = [named[name] for name in SCENES]
    asked = ["--template", str(ROOT / "video/kit.md.j2"), "--output", str(video / "kit.md")]
    assert write_kit.main(["--facts", *wide, *cues, *given, *asked]) == 0
    asked = ["--study", "hops", "--experiment", "full", "--folder", str(folder)]
    asked += ["--evidence", str(folder / "collected"), "--data", str(folder / "data")]
    assert verify_film.main([*cues, *asked]) == 0
    return video


def moving_clip(path: Path, facts: Facts, cut: str) -> None:
    """A clip as long as the scene: a bar that moves."""
    import numpy as np

    from test_film_files import film
    from trap.film.look import FORMATS

    quality = QUALITIES["test"]
    width, height = quality.pixels(FORMATS[cut])
    pictures = []
    for number in range(round(sum(cue.seconds for cue in facts.cues[cut]) * quality.fps)):
        picture = np.full((height, width, 3), 40, np.uint8)
        picture[:, (3 * number) % width :][:, :8] = 230
        pictures.append(picture)
    film(path, pictures, quality.fps)


@pytest.mark.slow
@needs("film")
def test_a_film_without_two_of_its_scenes_is_whole(tmp_path: Path, film_folder: Path, capsys) -> None:
    cases = EXAMPLES["no right letter with a false statement"][0] | EXAMPLES["no doses"][0]
    video = drawn(tmp_path, evidence(tmp_path, film_folder, cases), moving_clip)
    said = capsys.readouterr().out
    for scene, why in (
        ("reward", "no episode is a right letter with a false statement"),
        ("leak", "no leak of nano"),
    ):
        assert f"the film leaves out the scene {scene}: " in said and why in said
    for cut in CUTS:
        ledger = json.loads((video / f"trap_{cut}.json").read_text(encoding="utf-8"))
        told = [name for name in scenes_of(SHEET, cut) if name not in ("reward", "leak")]
        assert [entry["scene"] for entry in ledger["scenes"]] == told
        assert set(ledger["absent"]) == {"reward", "leak"} & set(scenes_of(SHEET, cut))
        captions = timeline([read_json(video / f"facts/{name}.json", Facts) for name in told], cut)
        assert ledger["seconds"] == pytest.approx(captions[-1].end)
        subtitles = (video / f"trap_{cut}.vtt").read_text(encoding="utf-8")
        assert "reward." not in subtitles and "leak." not in subtitles and "claim.hook" in subtitles
        assert left_out(video / f"clips/{cut}_leak.mp4") and left_out(video / f"clips/{cut}_leak.webp")
    kit = (video / "kit.md").read_text(encoding="utf-8")
    assert "(`reward`)" not in kit and "(`walk`)" in kit
    assert "Left out, for this evidence cannot tell it: `reward`: " in kit


@needs("film")
def test_evidence_that_tells_nothing_makes_an_empty_film_and_no_error(
    tmp_path: Path, film_folder: Path
) -> None:
    import narrate_film

    nothing = evidence(tmp_path, film_folder, dict.fromkeys((*TABLES, *LOGS), ALL))
    (tmp_path / "claims.json").write_text("[]")
    video = drawn(tmp_path, nothing, moving_clip)
    assert set(json.loads((video / "trap_wide.json").read_text(encoding="utf-8"))["absent"]) == set(SCENES)
    for name in ("trap_wide.mp4", "contact_sheet_short.png", "clips/wide_claim.webp"):
        assert left_out(video / name)
    for name, arguments in (("thumbnail.png", draw_thumbnail), ("narrated.mp4", narrate_film)):
        asked = ["--facts", str(video / "facts/poster.json"), "--cut", "wide", "--output", str(video / name)]
        if arguments is narrate_film:
            asked += ["--film", str(video / "trap_wide.mp4"), "--recordings", str(tmp_path / "none")]
        assert arguments.main(asked) == 0 and left_out(video / name)
