"""The facts of each scene: one function per scene writes its numbers, series and episodes into the notes."""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict
from typing import Any

import polars as pl

from trap.figures.estimates import select
from trap.files import InputError
from trap.film.facts import Notes, Subject, estimate
from trap.film.numbers import Number, signed, write
from trap.report import prose
from trap.studies.hops.audit import CHANCE
from trap.studies.hops.film import examples
from trap.studies.hops.film.luck import rolls, rounds
from trap.studies.hops.film.sources import NOPE, REACH, ROTARY, WALKER, WAY_OUT, FilmSources
from trap.studies.hops.reward import PATH_WEIGHT

PUBLISHED = (  # (published point, our arm, label)
    ("sft", "sft"),
    ("rsft_easy", "rsft_easy"),
    ("rsft_eval_135m", "rsft_hard"),
)
OURS = ("sft", "sft_more", "rsft_easy", "rsft_hard")
STARTS = (ROTARY, REACH)  # the start that cannot reach hard questions, and the one that can
CURVE_POINTS = 60  # points of a training curve, at most


def claim(sources: FilmSources, notes: Notes) -> None:
    """The published figures, with their exact intervals and sizes."""
    bars = []
    for name, arm in PUBLISHED:
        number = notes.say(name, f"published.{name}")
        notes.say(f"{name}.interval", f"published.{name}", "interval")
        notes.say(f"{name}.n", f"published.{name}", "n")
        bars.append({"name": name, "arm": arm, **estimate(number)})
    notes.data["bars"] = bars


# Rolls that the film shows on the way to the last one.
WATCHED = (1, 2, 3, 4, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)
ABLE = f"accuracy_{REACH}_sft"  # the accuracy that the dice have


def dice(sources: FilmSources, notes: Notes) -> None:
    """Dice that are right as often as a model of ours, rolled until each published score appears."""
    chance = notes.say("chance", ABLE)
    notes.say("questions", ABLE, "n")
    wanted = []
    for name, arm in PUBLISHED:
        point = notes.say(name, f"published.{name}")
        notes.say(f"{name}.n", f"published.{name}", "n")
        if not point.n:
            raise InputError(f"claims.json: published.{name}: no number of questions, and the film shows it")
        right = round(point.value * point.n)
        wanted.append((name, arm, point.n, right, rolls(chance.value, point.n, right, set()).count))
    last = max(count for *_, count in wanted)
    watched = {number for number in WATCHED if number < last} | {count for *_, count in wanted}
    notes.data["columns"] = []
    for name, arm, n, right, count in wanted:
        thrown = rolls(chance.value, n, right, watched)
        notes.words |= {f"{name}.{number}": _share(sum(dice) / n) for number, dice in thrown.faces.items()}
        faces = {str(number): dice for number, dice in thrown.faces.items()}
        notes.data["columns"].append({"name": name, "arm": arm, "last": count, "faces": faces})
    notes.data["rolls"] = sorted(watched)
    notes.words |= {f"roll.{number}": str(prose.count(number)) for number in watched}


def _graph(sources: FilmSources, notes: Notes) -> None:
    """Write the whole graph: entities, a point for each, edges as pairs of indices, and indices by kind."""
    places = sources.places
    names = sorted(places)
    index = {name: number for number, name in enumerate(names)}
    edges = sorted({tuple(sorted((index[a], index[b]))) for a, _, b in sources.graph.edges})
    notes.data["entities"] = names
    notes.data["points"] = [places[name] for name in names]
    notes.data["edges"] = [list(edge) for edge in edges]
    kinds: dict[str, list[int]] = {}
    for name in names:
        kinds.setdefault(sources.graph.type_of[name], []).append(index[name])
    notes.data["kinds"] = kinds


def _question(sources: FilmSources, notes: Notes, row: examples.Row) -> None:
    notes.words["question"] = examples.question_of(row)
    notes.data["options"] = examples.options_of(row)
    notes.data["right"] = examples.right_letter(row)
    notes.data["path"] = [asdict(clause) for clause in sources.episodes.path(row)]


def walk(sources: FilmSources, notes: Notes) -> None:
    """The whole graph, and one hard question with its path."""
    _graph(sources, notes)
    _question(sources, notes, examples.asked(sources.episodes, sources.followed))
    notes.say("entities", "quantity.entities")
    notes.say("edges", "quantity.edges")
    for key in ("easy", "hard", "longest_easy"):
        notes.words[key] = sources.numbers.text(f"quantity.{key}")


def _trace(sources: FilmSources, row: examples.Row) -> dict[str, Any]:
    return {
        "clauses": [asdict(clause) for clause in sources.episodes.clauses(row)],
        "letter": row["answer"],
        "correct": row["correct"],
        "faithful": row["faithful"],
    }


def reward(sources: FilmSources, notes: Notes) -> None:
    """One real completion on the map, with the parts of its reward."""
    _graph(sources, notes)
    row = examples.rewarded(sources.episodes, ROTARY, sources.followed)
    _question(sources, notes, row)
    notes.data["trace"] = trace = _trace(sources, row)
    path = set(row["path_entities"])
    named = [entity for entity in row["path_entities"] if entity in set(row["trace_entities"])]
    notes.data["named"] = named
    parts = {
        "letter": row["correctness"],
        "names": PATH_WEIGHT * row["path_reward"],
        "spam": 0.0 - row["spam_penalty"],
        "total": row["total"],
    }
    notes.data["parts"] = parts
    for key, value in parts.items():
        notes.words[key] = signed(value)
    notes.words["named"] = f"{len(named)} of {len(path)}"
    true = sum(clause["true"] for clause in trace["clauses"])
    notes.words["true"] = f"{true} of {len(trace['clauses'])}"


ROUNDS = 10  # of darts


def sample(sources: FilmSources, notes: Notes) -> None:
    """Guesses as darts at the letters of a question; then what the model itself kept, one square per question."""
    _question(sources, notes, examples.asked(sources.episodes, sources.followed))
    blind = notes.say("blind", "B14.also.blind_at_8").value
    tries = int(notes.say("k", "quantity.k").value)
    letters = "".join(sorted(notes.data["options"]))
    thrown = rounds(letters, tries, ROUNDS, round(ROUNDS * blind))
    notes.data["rounds"] = [asdict(one) | {"hit": one.hit} for one in thrown]
    notes.words["hits"] = f"{sum(one.hit for one in thrown)} of {ROUNDS}"
    notes.say("right", "B14.also.right_letters_at_8")
    notes.say("faithful", "quantity.winner_faithful")
    prompts = examples.sampled(sources.episodes, ROTARY)
    winners = [next((row for row in rows if row["kept"]), None) for rows in prompts]
    notes.data["book"] = [
        {"letter": row["answer"], "faithful": row["faithful"]} if row else None for row in winners
    ]


def rerun(sources: FilmSources, notes: Notes) -> None:
    """Training curves of every seed, then our estimates beside the published ones."""
    table = sources.evidence.table("curves")
    arms = ("sft", "rsft_easy", "rsft_hard")
    watched = select(table, model=ROTARY, kind="valid", pool="valid_hard")
    scored = all(select(watched, arm=arm).height for arm in arms)
    notes.words["axis"] = "accuracy on hard validation questions" if scored else "training loss"
    column, kind = ("accuracy", "valid") if scored else ("loss", "train")
    notes.data["curves"] = {arm: _curves(table, arm, kind, column) for arm in arms}
    if empty := [arm for arm, lines in notes.data["curves"].items() if not lines]:
        raise InputError(f"curves.parquet: no {column} of {ROTARY} {', '.join(empty)}, which the film shows")
    notes.data["share"] = scored
    if scored:
        drawn = [y for lines in notes.data["curves"].values() for one in lines for _, y in one]
        notes.data["ticks"] = _ticks(notes, max(drawn))
    _ticks(notes, 1.0)
    notes.data["chance"] = CHANCE
    rows = []
    for arm in OURS:
        notes.words[f"{arm}.label"] = sources.evidence.label(arm)
        for model in STARTS:
            number = sources.arm(model, arm, "eval_hard", "accuracy")
            rows.append({"arm": arm, "model": model, **notes.measured(f"{model}.{arm}", number)})
    notes.data["rows"] = rows
    notes.data["published"] = [
        {"arm": arm, **estimate(notes.say(f"published.{name}", f"published.{name}"))}
        for name, arm in PUBLISHED
    ]
    told = [f"{name}_{model}" for name in ("trap", "matching") for model in STARTS]
    # the arm with faithful winners only is not run from every start
    told += [key for model in STARTS if notes.numbers.has(key := f"matching_true_{model}")]
    for key in told:
        notes.say(key, key)
        notes.say(f"{key}.interval", key, "interval")
    notes.say("seeds", "trap_nano", "seeds")
    notes.say("n", "trap_nano", "n")


def _curves(table: pl.DataFrame, arm: str, kind: str, column: str) -> list[list[list[float]]]:
    """One line per seed, as at most CURVE_POINTS points [share of the training steps, value]."""
    rows = select(table, model=ROTARY, arm=arm, kind=kind).filter(pl.col(column).is_not_null())
    if kind == "valid":
        rows = select(rows, pool="valid_hard")
    lines = []
    for seed in sorted(rows["seed"].unique().to_list()):
        one = select(rows, seed=seed).sort("step")
        last = max(one["step"].max(), 1)
        width = -(-one.height // CURVE_POINTS)
        means = one.with_row_index("i").group_by(pl.col("i") // width, maintain_order=True)
        points = means.agg(pl.col("step").mean(), pl.col(column).mean())
        lines.append(
            [[round(step / last, 4), round(y, 4)] for step, y in points.select("step", column).rows()]
        )
    return lines


def leak(sources: FilmSources, notes: Notes) -> None:
    """Accuracy against the share of leaked questions, on those and on fresh ones."""
    notes.say("published", "published.rsft_eval_135m")
    notes.data["questions"] = notes.say("n", "F1", "n").n
    table = select(sources.evidence.table("doses"), family="leaked_share", model=ROTARY, metric="accuracy")
    lines = {}
    for pool in ("eval_leak", "eval_hard"):
        rows = select(table, pool=pool).sort("x")
        lines[pool] = [[row["x"], row["value"], row["low"], row["high"]] for row in rows.to_dicts()]
        if not lines[pool]:
            raise InputError(f"doses.parquet: no leak of {ROTARY} on {pool}, which the film shows")
        for end, point in (("first", lines[pool][0]), ("last", lines[pool][-1])):
            notes.words[f"{pool}.{end}"] = _share(point[1])
    notes.data["lines"] = lines
    notes.data["ticks"] = _ticks(notes, max(high for points in lines.values() for *_, high in points))
    _ticks(notes, 1.0)
    for key in (f"{claim}_{model}" for model in STARTS for claim in ("contamination", "leak_spread")):
        notes.say(key, key)
        notes.say(f"{key}.interval", key, "interval")


def _ticks(notes: Notes, most: float) -> list[float]:
    """The ticks 0, 1/4, … up to the first that is at least `most`, each also written into the words."""
    count = max(1, math.ceil(4 * most - 1e-9))
    ticks = [number / 4 for number in range(min(count, 4) + 1)]
    for tick in ticks:
        notes.words[f"tick.{tick}"] = _share(tick)
    return ticks


def _share(value: float) -> str:
    return write(Number(value, None, value, "share", None, None, ()))


def key(sources: FilmSources, notes: Notes) -> None:
    """Agreement with the right and with the permuted key, of an arm trained on the permuted key and of one that is not."""
    bars = []
    for arm in ("rsft_hard", "rsft_eval_permuted"):
        for pool in ("eval_leak", "eval_leak_permuted"):
            number = sources.arm(ROTARY, arm, pool, "accuracy")
            bars.append({"arm": arm, "pool": pool, **notes.measured(f"{arm}.{pool}", number)})
    notes.data["bars"] = bars
    notes.data["chance"] = CHANCE
    notes.say("memorisation_nano", "memorisation_nano")
    notes.say("memorisation_nano.interval", "memorisation_nano", "interval")


def traces(sources: FilmSources, notes: Notes) -> None:
    """Links asked and links stated, one question answered from both starts, and shares of faithful answers."""
    lines: dict[str, list[list[float]]] = {}
    for model in STARTS:
        rows = select(sources.evidence.table("by_level"), model=model, arm="sft", metric="hops_used")
        rows = rows.filter(pl.col("pool").is_in(["eval_easy", "eval_hard"])).sort("level")
        lines[model] = [[row["level"], row["value"]] for row in rows.to_dicts()]
        if not lines[model]:
            raise InputError(f"by_level.parquet: no hops_used of {model} sft, which the film shows")
    notes.data["lines"] = lines
    notes.words["taught"] = sources.numbers.text("quantity.longest_easy")
    broken, true = examples.walked(sources.episodes, *STARTS, sources.followed)
    _question(sources, notes, broken)
    notes.data["traces"] = {ROTARY: _trace(sources, broken), REACH: _trace(sources, true)}
    for model, trace in notes.data["traces"].items():
        notes.words[f"{model}.stated"] = f"{len(trace['clauses'])} of {len(notes.data['path'])} links"
    bars = []
    for model in STARTS:
        right = notes.say(f"{model}.right", f"accuracy_{model}_sft")
        faithful = notes.say(f"{model}.faithful", f"faithful_{model}_sft")
        bars.append({"model": model, "right": estimate(right), "faithful": estimate(faithful)})
    right = notes.say("leaked.right", "B9.also.leaked")
    faithful = notes.say("leaked.faithful", "B9.also.faithful")
    bars.append({"model": "leaked", "right": estimate(right), "faithful": estimate(faithful)})
    notes.data["bars"] = bars


def ruler(sources: FilmSources, notes: Notes) -> None:
    """Where the model with rotary positions looks for a link: in a question as long as taught, and in a longer one.

    The link is the one that it finds best where it was taught. The scene is left out if it finds that in the longer
    question too.
    """
    _question(sources, notes, examples.asked(sources.episodes, sources.followed))
    columns = ("model", "arm", "level", "clause", "relation", "weight")
    table = select(sources.beside_table(WAY_OUT, "attention", columns), model=ROTARY, arm="sft_long")
    taught, asked = int(sources.numbers.text("quantity.longest_easy")), len(notes.data["path"])

    def weights(level: int, clause: int) -> list[float]:
        rows = select(table, level=level, clause=clause).sort("relation")
        if rows.height != level:
            raise InputError(
                f"attention.parquet: no weights of {ROTARY} at {level} links, which the film shows"
            )
        return rows["weight"].to_list()

    found = {clause: weights(taught, clause) for clause in range(1, taught + 1)}
    link = max(found, key=lambda clause: found[clause][clause - 1])
    longer = weights(asked, link)
    looked = 1 + max(range(asked), key=longer.__getitem__)
    if max(found[link]) != found[link][link - 1] or looked == link:
        raise InputError(
            f"attention.parquet: {ROTARY} looks at the right link of {asked}: no wrong one to show"
        )
    notes.data |= {"link": link, "looked": looked, "taught": found[link], "longer": longer}
    notes.data["share"] = notes.say("share", f"attention_{ROTARY}").value
    notes.say("share.interval", f"attention_{ROTARY}", "interval")
    notes.data["mended"] = notes.say("mended", f"way_out_demos_{ROTARY}").value


# The way out, step by step: (number, key of its label). Each is faithful accuracy on hard questions.
STEPS = (
    (f"way_out_{NOPE}.also.sft", "taught"),
    (f"way_out_{NOPE}", "practised"),
    (f"way_out_full_ninety_{NOPE}", "all"),
    (f"search_full_{NOPE}", "chosen"),
)


def way(sources: FilmSources, notes: Notes) -> None:
    """The question, walked truly at the end, and the figures of the way out."""
    _graph(sources, notes)
    row = examples.home_again(sources.after, *WALKER, sources.followed)
    _question(sources, notes, row)
    notes.data["trace"] = _trace(sources, row)
    notes.data["steps"] = [{"step": step, **estimate(notes.say(step, name))} for name, step in STEPS]
    name = STEPS[-1][0]
    notes.say("seeds", name, "seeds")
    notes.say("n", name, "n")


def home(sources: FilmSources, notes: Notes) -> None:
    """The number of claims of the published post by verdict, and the question once more."""
    counts = {}
    for name in ("reproduced", "not_reproduced", "inconclusive", "not_tested_here"):
        counts[name] = int(notes.say(name, f"quantity.{name}").value)
    notes.data["verdicts"] = counts
    notes.say("claims", "quantity.claims")
    _graph(sources, notes)
    with contextlib.suppress(InputError):  # the film can end without it
        _question(sources, notes, examples.asked(sources.episodes, sources.followed))


SUBJECTS: dict[str, Subject] = {
    "poster": claim,
    "claim": claim,
    "dice": dice,
    "walk": walk,
    "reward": reward,
    "sample": sample,
    "rerun": rerun,
    "leak": leak,
    "key": key,
    "traces": traces,
    "ruler": ruler,
    "way": way,
    "home": home,
}
