"""Figures: all four files, same bytes twice, every estimate drawn, nothing cut off or overprinted."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import made_up_evidence
import plot_figure
from figure_texts import check_texts, texts
from trap.analysis.statistics import clopper_pearson
from trap.figures import theme
from trap.figures.absence import says_empty
from trap.figures.catalogue import figure_names, load_figure, tables_of
from trap.figures.estimates import labels, roles
from trap.figures.opening import open_evidence
from trap.figures.settings import parse_settings
from trap.files import InputError
from trap.report.post import drawn_figures
from trap.studies.hops.analysis.published_points import published_points
from trap.studies.hops.figures.reward import ARMS as REWARD_ARMS
from trap.studies.hops.figures.reward import PARTS

STEMS = (
    "trap", "matching", "leakage", "levels", "faithful", "errors", "reward", "training", "rollouts", "ignition",
)  # fmt: skip
FEW = {"base", "sft", "rsft_easy", "rsft_hard", "rsft_eval"}
CONFIG = "config/config.yaml"
MODELS = 2  # that a figure has room for
# marks that the invented evidence must give: one per estimate
POINTS = {
    "trap": 7 * 2 * MODELS + 2,  # and two published points
    "matching": 5 * 2 * MODELS,  # of the starts that figures.yaml names
    "leakage": 5 * 2 * MODELS,
    "levels": 5 * 5 * MODELS,
    "faithful": 9 * MODELS,
    "errors": (2 * 5 + 2) * MODELS,
    "reward": len(REWARD_ARMS) * len(PARTS) * MODELS,
    "rollouts": 6 * MODELS + 6 * 2 * MODELS,
    "training": 0,
    "ignition": 3 * 8 + 5,
}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_evidence.write(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_evidence.write(tmp_path_factory.mktemp("few"), keep_arms=FEW)


def plot(stem: str, evidence: Path, output: Path) -> int:
    folders = ["--claims", evidence / "claims.json", "--tables", evidence / "tables", "--output-dir", output]
    return plot_figure.main([stem, "--config", CONFIG, "--study", "hops", *map(str, folders)])


def draw(stem: str, folder: Path, look: theme.Theme = theme.LIGHT):
    evidence = open_evidence(CONFIG, "hops", None, folder / "claims.json", folder / "tables")
    figure = load_figure("hops", stem).draw(evidence, look)
    figure.set_dpi(100)
    return figure


@pytest.mark.parametrize("stem", STEMS)
def test_four_files_same_bytes_twice(stem: str, evidence: Path, tmp_path: Path) -> None:
    assert plot(stem, evidence, tmp_path / "a") == 0
    assert plot(stem, evidence, tmp_path / "b") == 0
    names = {f"{stem}.{look}.{kind}" for look in ("light", "dark") for kind in ("svg", "png")}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names
    for name in names:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes(), name
        assert len(first) < 500_000
    svg = (tmp_path / "a" / f"{stem}.light.svg").read_text()
    assert "<title>" in svg and "<desc>" in svg and 'role="img"' in svg
    assert "dc:date" not in svg
    assert not re.search(r'(?:href|src)="(?!#)', svg), "an SVG must not load anything"
    assert b"Software" not in (tmp_path / "a" / f"{stem}.light.png").read_bytes()
    assert svg.count('id="point:') == POINTS[stem]


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("which", ["evidence", "few"])
def test_texts_are_large_inside_and_apart(stem: str, which: str, request: pytest.FixtureRequest) -> None:
    with theme.style(theme.LIGHT):
        figure = draw(stem, request.getfixturevalue(which))
        check_texts(figure)


@pytest.mark.parametrize("stem", STEMS)
def test_missing_arms_are_said_not_fatal(stem: str, few: Path, tmp_path: Path) -> None:
    assert plot(stem, few, tmp_path) == 0
    with theme.style(theme.LIGHT):
        words = " ".join(t.get_text() for t, _ in texts(draw(stem, few))).replace("\n", " ")
    if stem in ("trap", "levels", "faithful", "errors", "reward"):
        assert "Not run in this experiment: " in words
    if stem in ("matching", "leakage"):
        assert "Only 2 of the doses were run in this experiment." in words
    if stem == "ignition":
        assert "no such runs in this evidence" in words
    if stem == "rollouts":
        assert "Only K\u00a0=\u00a08 was run in this experiment." in words


@pytest.mark.parametrize("which", ["evidence", "few"])
def test_the_guessing_curve_is_named(which: str, request: pytest.FixtureRequest) -> None:
    with theme.style(theme.LIGHT):
        found = [text.get_text() for text, _ in texts(draw("rollouts", request.getfixturevalue(which)))]
    assert found.count("blind guessing") == 1


@pytest.mark.parametrize("stem", STEMS)
def test_nothing_trained_at_all(stem: str, tmp_path: Path) -> None:
    """The files are there, because the workflow expects them; they say that they show nothing, and posts skip them."""
    made_up_evidence.write(tmp_path, keep_arms=set())
    assert plot(stem, tmp_path, tmp_path / "out") == 0
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert all(says_empty(path) for path in (tmp_path / "out").glob("*.svg"))
    assert drawn_figures([tmp_path / "out"], tmp_path) == {}


@pytest.mark.parametrize("seeds, n", [(1, "1 seed"), (3, "3 seeds")])
def test_caption_line_says_n_and_seeds(seeds: int, n: str, evidence: Path, tmp_path: Path) -> None:
    import polars as pl

    made_up_evidence.write(tmp_path)
    pl.DataFrame(made_up_evidence.arms_rows(seeds)).write_parquet(tmp_path / "tables" / "arms.parquet")
    with theme.style(theme.LIGHT):
        words = " ".join(t.get_text() for t, _ in texts(draw("trap", tmp_path))).replace("\n", " ")
    assert f"1000 fresh questions × {n}" in words


def test_missing_table_and_column_are_one_line(evidence: Path, tmp_path: Path, capsys) -> None:
    import polars as pl

    assert plot("trap", tmp_path, tmp_path / "out") == 1
    assert capsys.readouterr().err.count("\n") == 1
    made_up_evidence.write(tmp_path)
    table = tmp_path / "tables" / "arms.parquet"
    pl.read_parquet(table).drop("low").write_parquet(table)
    assert plot("trap", tmp_path, tmp_path / "out") == 1
    assert "no column 'low'" in capsys.readouterr().err
    table.write_bytes(b"not a table")
    assert plot("trap", tmp_path, tmp_path / "out") == 1
    assert "not a Parquet table" in capsys.readouterr().err


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", theme.THEMES, ids=lambda look: look.name)
def test_contrast(look: theme.Theme) -> None:
    def ratio(color: str) -> float:
        light, dark = sorted((_luminance(color), _luminance(look.paper)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    assert set(look.roles) == set(theme.LIGHT.roles)
    for role, color in look.roles.items():
        assert ratio(color) >= 3, role  # WCAG 1.4.11, graphics
    assert ratio(look.ink) >= 7 and ratio(look.muted) >= 4.5  # text


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
DEFICIENCIES = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize("look", theme.THEMES, ids=lambda look: look.name)
@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_colours_stay_apart_for_the_colour_blind(look: theme.Theme, kind: str) -> None:
    """Roles that share a figure differ by at least 10 in CIELAB under each simulated deficiency."""

    def lab(color: str) -> tuple[float, float, float]:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        seen = [
            min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in DEFICIENCIES[kind]
        ]
        white = (
            (0.4124, 0.3576, 0.1805, 0.9505),
            (0.2126, 0.7152, 0.0722, 1.0),
            (0.0193, 0.1192, 0.9505, 1.089),
        )
        xyz = [sum(m * s for m, s in zip(row[:3], seen, strict=True)) / row[3] for row in white]
        f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz]
        return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])

    together = (
        ("start", "easy", "hard", "leak"),
        ("accuracy", "faithful"),
        ("accuracy", "leak"),
        ("start", "gold"),
    )
    for group in together:
        for a, b in itertools.combinations(group, 2):
            distance = (
                sum((x - y) ** 2 for x, y in zip(lab(look.color(a)), lab(look.color(b)), strict=True)) ** 0.5
            )
            assert distance > 10, (a, b, distance)


def test_labels_and_roles_come_from_the_columns_of_the_sheet(evidence: Path) -> None:
    import polars as pl

    table = pl.read_parquet(evidence / "tables" / "arms.parquet")
    assert roles(table)["rsft_eval"] == "leak" and roles(table)["sft_hard"] == "gold"
    assert labels(table)["sft"] == "sft" and not any(name.startswith("baseline:") for name in labels(table))


def test_a_marker_says_the_role_and_the_next_arm_of_a_role_has_another() -> None:
    assert theme.markers(["start", "easy", "start", "hard"]) == ["o", "s", "P", "^"]
    assert set(theme.MARKERS) <= set(theme.LIGHT.roles)


@pytest.mark.parametrize(
    "values, says",
    [
        ({"trap": {"rowz": []}}, "config: Object contains unknown field `rowz` - at `trap`"),
        (
            {"trap": {"rows": [{"arm": "a", "published": ["b"]}]}},
            "no published point `b` - at `trap.rows` of arm `a`",
        ),
        ({"matching": {"ends": ["one"]}}, "at `matching.ends`"),
    ],
)
def test_settings_are_strict(values: dict, says: str) -> None:
    with pytest.raises(InputError) as error:
        parse_settings(values, "config")
    assert says in str(error.value) and "\n" not in str(error.value)


def test_every_figure_says_what_it_is_and_reads(evidence: Path) -> None:
    assert set(STEMS) < set(figure_names("hops"))
    for name in figure_names("hops"):
        module = load_figure("hops", name)
        assert module.TITLE and len(module.ALT) > 40 and tables_of("hops", name)
    with pytest.raises(InputError, match="no figure 'errors'"):
        load_figure("", "errors")


def test_an_unknown_name_is_one_line(evidence: Path, tmp_path: Path, capsys) -> None:
    assert plot("trapp", evidence, tmp_path) == 1
    assert "no figure 'trapp' (there are trap, " in capsys.readouterr().err
    folders = ["--tables", str(evidence / "tables"), "--output-dir", str(tmp_path)]
    assert plot_figure.main(["trap", "--config", CONFIG, "--study", "hopps", *folders]) == 1
    assert (
        plot_figure.main(["trap", "--config", CONFIG, "--study", "hops", "--experiment", "x", *folders]) == 1
    )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "no study `hopps`" in lines[0] and "no experiment `x`" in lines[1]


def test_published_points_are_exact() -> None:
    claims = {claim["id"]: claim for claim in made_up_evidence.claims_list()}
    points = published_points(claims)
    for key, hits, n in (("base", 0, 20), ("sft", 11, 30), ("rsft_easy", 8, 30), ("rsft_eval_135m", 15, 20)):
        low, high = clopper_pearson(hits, n)
        assert points[key]["n"] == n and points[key]["value"] == hits / n
        assert points[key]["low"] == pytest.approx(low) and points[key]["high"] == pytest.approx(high)
    assert "rsft_easy" not in published_points({"B4": claims["B4"]})


def test_ignition_places_doses_in_order_and_leaves_none_out(evidence: Path, tmp_path: Path) -> None:
    from trap.studies.hops.figures.ignition import place

    places = [place(x) for x in (0, 4, 8, 16, 256)]
    assert places == sorted(places) and places[2] - places[1] == places[3] - places[2] == 1
    made_up_evidence.write(tmp_path, keep_arms={"sft_more", "ignite_rsft_n0", "demos_n64", "ignite_rsft_n64"})
    with theme.style(theme.LIGHT):
        figure = draw("ignition", tmp_path)
        words = " ".join(t.get_text() for t, _ in texts(figure)).replace("\n", " ")
        assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0", "64"]
    assert "Only 2 of the numbers were run in this experiment." in words and "1000 fresh questions" in words
