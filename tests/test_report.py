"""The report: no typed numbers, no undefined names, prose that follows the numbers, one safe HTML file."""

from __future__ import annotations

import html as html_entities
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

import made_up_evidence
import plot_figure
import render_post
from page_loads import HOSTILE, Loads
from trap.analysis.claim_specs import load_claims
from trap.files import InputError
from trap.report import prose
from trap.studies.base import study_class
from trap.studies.hops.post import final_number

CONFIG = "config/config.yaml"
FIGURES = ("trap", "matching", "leakage", "levels", "faithful", "errors", "reward", "training", "rollouts")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="9" height="9"/></svg>'


def render(folder: Path, claims: list[dict[str, Any]] | None = None, **options: Any) -> tuple[str, str]:
    """post.md and post.html of invented evidence in `folder`."""
    made_up_evidence.write(folder, claims=claims, keep_arms=options.get("keep_arms"))
    (folder / "figures").mkdir(exist_ok=True)
    for stem in options.get("figures", FIGURES):
        for look in ("light", "dark"):
            (folder / "figures" / f"{stem}.{look}.svg").write_text(SVG)
    arguments = {"claims": folder / "claims.json", "tables": folder / "tables", "figures": folder / "figures",
                 "output": folder / "report" / "post.md", "html": folder / "report" / "post.html"}  # fmt: skip
    if "provenance" in options:
        arguments["evidence"] = folder
        (folder / "provenance.json").write_text(json.dumps(options["provenance"]))
    flat = [str(part) for name, path in arguments.items() for part in (f"--{name}", path)]
    assert render_post.main(["--config", CONFIG, "--study", "hops", *flat]) == 0
    return tuple((folder / "report" / name).read_text() for name in ("post.md", "post.html"))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return render(tmp_path_factory.mktemp("report"))


# --- the template ---------------------------------------------------------------------------------------


def test_a_template_with_a_number_is_refused(tmp_path: Path, capsys) -> None:
    made_up_evidence.write(tmp_path)
    template = tmp_path / "bad.md.j2"
    template.write_text("# Post\n\nIt reached 75 %.\n")
    arguments = ["--claims", tmp_path / "claims.json", "--tables", tmp_path / "tables", "--figures", tmp_path,
                 "--output", tmp_path / "post.md", "--template", template]  # fmt: skip
    arguments = ["--config", CONFIG, "--study", "hops", *map(str, arguments)]
    assert render_post.main(arguments) == 1
    assert "bad.md.j2:3: bare numeral '75'" in capsys.readouterr().err
    assert not (tmp_path / "post.md").exists()
    template.write_text("# Post\n\n{{ nothing_of_that_name }}\n")
    assert render_post.main(arguments) == 1
    assert "nothing_of_that_name" in capsys.readouterr().err


def test_every_claim_the_template_names_is_declared(root: Path) -> None:
    declared = {
        claim.id
        for claim in load_claims(root / "config" / "hops" / "claims.yaml", study_class("hops")).claims
    }
    text = (root / "report" / "hops" / "post.md.j2").read_text()
    for identifier in set(re.findall(r"""claim(?:\.maybe)?\(["'](\w+)["']\)""", text)):
        assert identifier in declared
    families = set(re.findall(r"""claim\.maybe\(["'](\w+_)["'] ~""", text))
    families |= {f"{name}_" for name in re.findall(r"""contrast_row\(["'](\w+)["']""", text)}
    assert families
    for family in families:
        assert {f"{family}nano", f"{family}nano_nope"} & declared


# --- what is rendered -------------------------------------------------------------------------------


def test_report_has_its_parts(rendered: tuple[str, str]) -> None:
    text, _ = rendered
    assert text.startswith("# 37\u00a0% → 27\u00a0% → 75\u00a0%")
    for heading in ("What was claimed", "How this test works", "The trap, with intervals", "Right letters",
                    "The hard questions were the test questions", "What the traces get wrong first", "What changes without rotary positions",
                    "What the original got right", "What one run of 20 questions can show",
                    "What was not tested here", "Scoreboard", "Run it yourself"):  # fmt: skip
        assert f"## {heading}" in text
    for stem in FIGURES:
        assert f'srcset="../figures/{stem}.dark.svg"' in text and f'src="../figures/{stem}.light.svg"' in text
    assert "Undefined" not in text and "{{" not in text and "None" not in text and "nan" not in text.split()
    scoreboard = text.split("## Scoreboard")[1]
    for claim in made_up_evidence.claims_list():
        if re.fullmatch(r"[A-Z]\d+", claim["id"]):
            assert f"\n| {claim['id']} | " in scoreboard
    assert "n = 1\u202f000 questions × 3 seeds" in text.replace("n\u00a0=\u00a01", "n = 1")
    assert "not recorded" in text


def test_report_is_the_same_twice(rendered: tuple[str, str], tmp_path: Path) -> None:
    assert render(tmp_path) == rendered


def test_tables_are_whole(rendered: tuple[str, str]) -> None:
    """Every table row has as many cells as its header, so GitHub shows it as a table."""
    lines = rendered[0].split("\n")
    for above, rule in itertools.pairwise(lines):
        if re.fullmatch(r"\|(-+\|)+", rule):
            start, width = lines.index(rule, lines.index(above)), rule.count("|")
            assert above.startswith("|") and above.count("|") == width, above
            row = start + 1
            assert lines[row].startswith("|"), f"no row under {above}"
            while lines[row].startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", lines[row])) == width, lines[row]
                row += 1


def test_few_arms_and_no_figures_still_render(tmp_path: Path) -> None:
    claims = [c for c in made_up_evidence.claims_list() if re.fullmatch(r"[A-Z]\d+", c["id"])]
    text, page = render(tmp_path, claims, keep_arms={"base", "sft", "rsft_easy"}, figures=())
    assert "This size of the workflow did not run the comparison." in text
    assert "not run" in text and "was not drawn in this experiment" in text and "<picture>" not in page


def test_provenance_is_told(tmp_path: Path) -> None:
    told = {"hardware": {"processor": "A <b>chip</b>", "cores": 2}, "commands": ["make paper"],
            "seconds": {"training": 900.0, "other": None}, "runs": 24, "commit": "abc"}  # fmt: skip
    text, page = render(tmp_path, provenance=told)
    for piece in ("make paper", "15\u00a0min", "24 trained models", "commit `abc`", "| cores | 2 |"):
        assert piece in text
    assert "A \\<b>chip\\</b>" in text and "A &lt;b&gt;chip&lt;/b&gt;" in page and "<b>chip" not in page


def changed(**fields: Any) -> dict[str, Any]:
    return {"value": 0.0, "low": -0.05, "high": 0.05, "margin": 0.03, "verdict": "inconclusive", **fields}


FALL = changed(value=-0.1, low=-0.15, high=-0.05)
RISE = changed(value=0.1, low=0.05, high=0.15)
FLAT = changed(value=0.002, low=-0.01, high=0.012)
WIDE = changed(value=0.01, low=-0.06, high=0.08)
NONE = changed(value=None, low=None, high=None, verdict="not tested here")


@pytest.mark.parametrize(
    "fields, says, denies",
    [
        (FALL, "It is real here", "Not here"),
        (RISE, "*above* plain SFT", "It is real here"),
        (FLAT, "inside the margin fixed beforehand", "It is real here"),
        (WIDE, "Undecided", "It is real here"),
        (NONE, "did not run the comparison", "It is real here"),
    ],
)
def test_prose_follows_the_trap(tmp_path: Path, fields: dict[str, Any], says: str, denies: str) -> None:
    text, _ = render(tmp_path, made_up_evidence.claims_list(trap_nano=fields))
    line = next(line for line in text.split("\n") if line.startswith("- **The trap.**"))
    assert says in line and denies not in line


@pytest.mark.parametrize(
    "fields, spread, says",
    [
        (RISE, RISE, "and +10.0 points [5.0–15.0] on fresh ones"),
        (RISE, FALL, "costs on fresh ones"),
        (RISE, WIDE, "no difference is visible"),
        (FALL, WIDE, "no clear gain"),
        (NONE, NONE, "did not run the comparison"),
    ],
)
def test_prose_follows_the_leak(
    tmp_path: Path, fields: dict[str, Any], spread: dict[str, Any], says: str
) -> None:
    text, _ = render(
        tmp_path, made_up_evidence.claims_list(contamination_nano=fields, leak_spread_nano=spread)
    )
    line = next(line for line in text.split("\n") if line.startswith("- **The leak.**"))
    assert says in line.replace("\u00a0", " ")
    assert ("What is left to learn is the key." in text) == (fields is RISE)


@pytest.mark.parametrize(
    "fields, word", [(RISE, "climbs"), (FALL, "*falls*"), (WIDE, "nearly flat"), (NONE, "not estimated")]
)
def test_prose_follows_the_dose(tmp_path: Path, fields: dict[str, Any], word: str) -> None:
    text, _ = render(tmp_path, made_up_evidence.claims_list(dose_hard_share_nano=fields))
    assert word in text.split("## The trap, with intervals")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    "fields, says", [(RISE, "its direction holds"), (FALL, "turns out the other way"), (WIDE, "stays open")]
)
def test_credit_follows_the_match(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text, _ = render(tmp_path, made_up_evidence.claims_list(matching_nano=fields))
    assert says in text.split("## What the original got right")[1]


def test_prose_follows_the_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swapped = {**made_up_evidence.ARMS, "sft": ((0.72, 0.41), (0.40, 0.001), (0.7, 0.4))}
    monkeypatch.setattr(made_up_evidence, "ARMS", swapped)
    text, _ = render(tmp_path)
    assert "does not help" in next(line for line in text.split("\n") if line.startswith("- **The lock.**"))
    assert "failure to generalise" not in text


def test_prose_follows_the_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def section(folder: Path) -> str:
        return render(folder)[0].split("## What the traces get wrong first")[1].split("\n## ")[0]

    different = section(tmp_path / "a")
    assert (
        "| SFT | wrong relation |" in different
        and "So the two models fail for different reasons." in different
    )
    swapped = {
        **made_up_evidence.KIND_SHARES,
        "wrong_relation": 0.2,
        "false_edge": 0.2,
        "stopped_early": 0.35,
    }
    monkeypatch.setattr(made_up_evidence, "KIND_SHARES", swapped)
    alike = section(tmp_path / "b")
    assert "a true beginning and no more" in alike and "Without positions it is the same" in alike
    assert "for different reasons" not in alike


def test_missing_claim_is_one_line(tmp_path: Path, capsys) -> None:
    claims = [c for c in made_up_evidence.claims_list() if c["id"] != "F11"]
    with pytest.raises(AssertionError):
        render(tmp_path, claims)
    assert capsys.readouterr().err.strip() == "error: report: no claim 'F11' in the ledger"


def test_report_of_really_tabulated_runs(tmp_path: Path) -> None:
    """From run folders through the real tables and claims: column names and claim ids agree."""
    import tabulate_results
    from make_items import traces_of
    from test_tables import STUDY as HOPS
    from test_tables import _make, _tabulate
    from trap.analysis.cells import read_items

    folder = _make(tmp_path)
    items = read_items([folder / "items.parquet"], study_class("hops"))
    traces_of(items, "eval_hard").write_parquet(folder / "traces.parquet")
    _tabulate(folder)
    own = [
        "--sheet",
        "config/hops/arms.tsv",
        "--evidence",
        folder,
        "--data",
        folder,
        "--pools",
        folder / "eval_hard.jsonl",
    ]
    made = ["--own", "errors", "branches", "--output", folder / "tables"]
    assert tabulate_results.main([*HOPS, *map(str, [*own, *made])]) == 0
    shared = [*HOPS, "--claims", folder / "claims.json", "--tables", folder / "tables", "--evidence", folder]
    shared = [str(argument) for argument in shared]
    for stem in FIGURES:
        assert plot_figure.main([stem, *shared, "--output-dir", str(folder / "figures")]) == 0, stem
    output = ["--output", str(folder / "report/post.md"), "--html", str(folder / "report/post.html")]
    assert render_post.main([*shared, "--figures", str(folder / "figures"), *output]) == 0
    text = (folder / "report/post.md").read_text()
    assert "| B3 | SFT answers" in text and "n\u00a0=\u00a0120 questions × 3 seeds" in text


# --- the page ------------------------------------------------------------------------------------


def test_page_is_one_file(rendered: tuple[str, str]) -> None:
    _, page = rendered
    reader = Loads()
    reader.feed(page)
    assert reader.active == []
    assert len(reader.images) == len(FIGURES) and len(reader.loads) == 2 * len(FIGURES)
    assert all(load.startswith("data:image/svg+xml;base64,") for load in reader.loads)
    assert all(len(image["alt"] or "") > 40 for image in reader.images)
    assert all(link.startswith("https://") for link in reader.links)
    assert "default-src 'none'" in page and "@import" not in page and "url(" not in page
    assert 'name="viewport"' in page and "prefers-color-scheme: dark" in page
    assert "<table>" in page and "<h1>37" in page and 'id="scoreboard"' in page


def test_data_cannot_become_markup(tmp_path: Path) -> None:
    text, page = render(tmp_path, made_up_evidence.claims_list(F1={"statement": HOSTILE}, P3={
        "statement": HOSTILE, "verdict": "not tested here", "reason": HOSTILE, "value": None}))  # fmt: skip
    reader = Loads()
    reader.feed(page)
    assert reader.active == [] and all(load.startswith("data:") for load in reader.loads)
    assert not any("javascript" in link for link in reader.links)
    assert not re.search(r"(?<!\\)<(script|img src=x)", text)
    seen = html_entities.unescape(re.sub(r"<[^>]*>", "", page))
    assert HOSTILE in seen  # shown as it is, character for character


def test_pictures_from_elsewhere_are_refused(tmp_path: Path, root: Path) -> None:
    from trap.report.html import self_contained

    page = root / "report" / "post.html.j2"
    for target in ("https://example.org/a.svg", "//example.org/a.svg", "/etc/a.svg", "missing.svg", "a.gif"):
        with pytest.raises(InputError):
            self_contained(f'# A\n\n<img alt="x" src="{target}">\n', page, tmp_path)


# --- words for numbers ---------------------------------------------------------------------------------


def test_numbers_in_words() -> None:
    row = {"value": 0.412, "low": 0.349, "high": 0.471, "n": 1000, "seeds": 10}
    assert prose.estimate(row) == "41\u00a0% [35–47]"
    assert prose.estimate({"value": 0.003, "low": 0.001, "high": 0.008}) == "0.3\u00a0% [0.1–0.8]"
    assert prose.estimate({"value": 0.0, "low": 0.0, "high": 0.0}) == "0\u00a0% [0–0]"
    assert prose.estimate({"value": 0.0, "low": 0.0, "high": 0.004}) == "0\u00a0% [0–0.4]"
    assert prose.estimate({"value": 0.0003, "low": 0.0001, "high": 0.004}) == "0.0\u00a0% [0.0–0.4]"
    assert prose.estimate({"value": None, "low": None, "high": None}) == "not measured"
    assert prose.points({"value": -0.123, "low": -0.2, "high": 0.01}) == "−12.3\u00a0points [−20.0 to 1.0]"
    assert prose.points({"value": 0.0001, "low": -0.0001, "high": 0.0002}) == "±0.0\u00a0points [0.0–0.0]"
    assert prose.sample(row) == "n\u00a0=\u00a01\u202f000 questions × 10 seeds"
    assert prose.sample({"n": 20, "seeds": 0}) == "n\u00a0=\u00a020"
    assert prose.plural(1, "seed") == "1 seed"
    assert prose.duration(47.2) == "47\u00a0s" and prose.duration(3600) == "60\u00a0min"
    assert prose.duration(7200) == "2.0\u00a0h" and prose.duration(None) == "not recorded"
    assert prose.pct(0.999) == "99.9\u00a0%" and prose.pct(1.0) == "100\u00a0%"
    assert prose.amount({"value": 2.4, "low": 2.31, "high": 2.5}) == "2.4 [2.3–2.5]"
    assert prose.quantity({"value": 0.1, "low": 0.0, "high": 0.2, "unit": "points per doubling"}).endswith(
        "per doubling"
    )
    assert prose.listing(["a", "b", "c"]) == "a, b and c"
    assert (final_number("demos_n16"), final_number("eval_hop6")) == ("16", "6")
    with pytest.raises(InputError, match="ends in no number"):
        final_number("sft")


def test_published_values_keep_their_kind() -> None:
    share = {"value": 0.6667, "n": 30, "low": 0.4719, "high": 0.8271}
    assert prose.quoted({"unit": "points", "published": share}) == "67\u00a0% [47–83], n\u00a0=\u00a030"
    assert prose.quoted({"unit": "points", "published": {"value": 0.45, "n": 20}}).startswith(
        "+45.0\u00a0points"
    )
    assert prose.quoted({"unit": None, "published": {"value": -0.0117}}) == "−1.2\u00a0points"
    assert prose.quoted({"unit": "share", "published": None}) == "–"


def test_direction_needs_the_whole_interval() -> None:
    assert [prose.direction(row) for row in (RISE, FALL, WIDE, NONE, None)] == [
        "higher", "lower", "unclear", "missing", "missing"]  # fmt: skip
    assert prose.direction({**RISE, "p_holm": 0.2}) == "unclear", (
        "prose follows the corrected p, as verdicts do"
    )
    assert prose.direction({**RISE, "p_holm": 0.01}) == "higher"
    assert prose.why_unclear(WIDE) == "the interval holds zero"
    assert "correction" in prose.why_unclear({**RISE, "p_holm": 0.2})
    assert prose.higher_lower(RISE) == "higher" and prose.higher_lower(NONE) == "not measured"
    assert prose.direction({"value": 0.1, "low": 0.0, "high": 0.2}) == "unclear"
    assert prose.equivalent(FLAT) and not prose.equivalent(WIDE) and not prose.equivalent(NONE)
    above, below = {"value": 0.5, "low": 0.45, "high": 0.55}, {"value": 0.3, "low": 0.2, "high": 0.44}
    assert prose.versus(above, below) == "higher" and prose.versus(below, above) == "lower"
    assert prose.versus(above, above) == "unclear" and prose.versus(None, above) == "missing"


def test_unknown_verdict_is_refused() -> None:
    assert prose.verdict_phrase({"id": "B1", "verdict": "reproduced"}) == "held up here"
    with pytest.raises(InputError, match="unknown verdict"):
        prose.verdict_phrase({"id": "B1", "verdict": "maybe"})
