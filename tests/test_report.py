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
from trap.report.templates import markdown_environment
from trap.studies.base import study_class

CONFIG = "config/config.yaml"
FIGURES = ("trap", "matching", "leakage", "errors", "rollouts")
POSTS = ("post", "leak", "trap", "way_out")  # of the study hops, the front page first
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="9" height="9"/></svg>'


def render(
    folder: Path, claims: list[dict[str, Any]] | None = None, posts: tuple[str, ...] = POSTS, **options: Any
) -> tuple[str, str]:
    """Markdown and HTML of invented evidence in `folder`, of several posts one after the other."""
    made_up_evidence.write(folder, claims=claims, keep_arms=options.get("keep_arms"))
    (folder / "figures").mkdir(exist_ok=True)
    for stem in options.get("figures", FIGURES):
        for look in ("light", "dark"):
            (folder / "figures" / f"{stem}.{look}.svg").write_text(SVG)
    arguments = {"claims": folder / "claims.json", "tables": folder / "tables", "figures": folder / "figures"}
    if "provenance" in options:
        arguments["evidence"] = folder
        (folder / "provenance.json").write_text(json.dumps(options["provenance"]))
    if "links" in options:
        arguments["links"] = folder / "page.yaml"
        (folder / "page.yaml").write_text(options["links"])
    flat = [str(part) for name, path in arguments.items() for part in (f"--{name}", path)]
    for post in posts:
        made = [folder / "report" / f"{post}.{kind}" for kind in ("md", "html")]
        output = ["--post", post, "--output", str(made[0]), "--html", str(made[1])]
        assert render_post.main(["--config", CONFIG, "--study", "hops", *flat, *output]) == 0
    return tuple(
        "\n".join((folder / "report" / f"{post}.{kind}").read_text() for post in posts)
        for kind in ("md", "html")
    )  # type: ignore[return-value]


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
    text = "\n".join(path.read_text() for path in sorted((root / "report/hops").glob("*.j2")))
    for identifier in set(re.findall(r"""claim(?:\.maybe)?\(["'](\w+)["']\)""", text)):
        assert identifier in declared
    families = set(re.findall(r"""claim\.maybe\(["'](\w+_)["'] ~""", text))
    rows = {f"{name}_" for name in re.findall(r"""^  \(["'](\w+)["'], .*\),$""", text, re.MULTILINE)}
    assert families and len(rows) > 10
    for family in families | rows:
        assert any(name.startswith(f"{family}nano") for name in declared), family


# --- what is rendered -------------------------------------------------------------------------------


def test_report_has_its_parts(rendered: tuple[str, str]) -> None:
    text, _ = rendered
    assert text.startswith("# 37\u00a0% → 27\u00a0% → 75\u00a0%")
    for heading in ("What was claimed", "How this test works", "What the leak is worth", "Faithful or lucky",
                    "Hard questions: what is kept decides", "What the traces get wrong first", "What makes a start reach",
                    "What the original got right", "What one run of 20 questions can show", "How far it comes",
                    "What was not tested here", "Scoreboard", "Run it yourself"):  # fmt: skip
        assert f"## {heading}" in text
    for stem in FIGURES:
        assert f'srcset="../figures/{stem}.dark.svg"' in text and f'src="../figures/{stem}.light.svg"' in text
    assert "Undefined" not in text and "{{" not in text and "None" not in text and "nan" not in text.split()
    scoreboard = text.split("### Scoreboard")[1]
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
    for start, (above, rule) in enumerate(itertools.pairwise(lines), start=1):
        if re.fullmatch(r"\|(-+\|)+", rule):
            width = rule.count("|")
            assert above.startswith("|") and above.count("|") == width, above
            row = start + 1
            assert lines[row].startswith("|"), f"no row under {above}"
            while lines[row].startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", lines[row])) == width, lines[row]
                row += 1


def test_few_arms_and_no_figures_still_render(tmp_path: Path) -> None:
    claims = [c for c in made_up_evidence.claims_list() if re.fullmatch(r"[A-Z]\d+", c["id"])]
    text, page = render(tmp_path, claims, keep_arms={"base", "sft", "rsft_easy"}, figures=())
    assert "The leak was not run in this experiment" in text and "The way out was not run" in text
    assert "The comparison was not run in this experiment." in text
    assert "not run" in text and "was not drawn in this experiment" in text and "<picture>" not in page


def test_provenance_is_told(tmp_path: Path) -> None:
    told = {"hardware": {"processor": "A <b>chip</b>", "cores": 2}, "commands": ["make paper"],
            "seconds": {"training": 900.0, "other": None}, "runs": 24, "commit": "abc"}  # fmt: skip
    text, page = render(tmp_path, provenance=told)
    for piece in ("make paper", "15\u00a0min", "24 trained models", "commit `abc`", "| cores | 2 |"):
        assert piece in text
    assert "A \\<b>chip\\</b>" in text and "A &lt;b&gt;chip&lt;/b&gt;" in page and "<b>chip" not in page


def test_markdown_holds_no_entity(rendered: tuple[str, str]) -> None:
    """What is written as Markdown is never escaped as HTML."""
    made = markdown_environment().from_string(
        '{{ "the paper\'s" }} {{ x ~ "\'s" }} {{ (x|plain) ~ " it\'s <b>" }}'
    )
    assert made.render(x="don't") == "the paper's don't's don't it's \\<b>"
    assert not re.search(r"&#?\w+;", rendered[0])


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
    for post in POSTS:
        output = ["--output", f"{folder}/report/{post}.md", "--html", f"{folder}/report/{post}.html"]
        assert render_post.main([*shared, "--figures", str(folder / "figures"), "--post", post, *output]) == 0
    text = (folder / "report/leak.md").read_text()
    assert "| B3 | SFT answers" in text and "n\u00a0=\u00a0120 questions × 3 seeds" in text


# --- the page ------------------------------------------------------------------------------------


def test_page_is_one_file(rendered: tuple[str, str]) -> None:
    _, page = rendered
    reader = Loads()
    reader.feed(page)
    assert reader.active == []
    pictures = len(FIGURES) + 1  # the trap stands on the front page, too
    assert len(reader.images) == pictures and len(reader.loads) == 2 * pictures
    assert all(load.startswith("data:image/svg+xml;base64,") for load in reader.loads)
    assert all(len(image["alt"] or "") > 40 for image in reader.images)
    beside = {f"{post}.html" for post in POSTS}
    assert {link for link in reader.links if not link.startswith("https://")} == beside
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
