"""The post of a study that nothing in this package knows, and texts from data that stay texts in any post."""

from __future__ import annotations

import html as html_entities
import re
from pathlib import Path

import polars as pl
import pytest

import other_evidence
import plot_figure
import render_post
from page_loads import HOSTILE, Loads
from trap.figures.theme import NARROW
from trap.files import InputError, write_json, write_jsonl
from trap.report.templates import markdown_environment
from trap.studies.base import study_class

STUDY = """
from trap.studies.base import BaseStudy, Item, Pool, Score


class Study(BaseStudy):
    level_name = "knots"
    pools = tuple(Pool(**values) for values in {pools!r})

    def make_item(self, pool, index):
        question = f"How many knots has rope {{index}} of {{pool.name}}? ``` </code><script>alert(1)</script>"
        return Item(id=f"{{pool.name}}_{{index}}", prompt=question, answer=str(index), reference=f"<b>{{index}}</b>", level=20)

    def score(self, item, completion):
        right = completion == item.reference
        return Score(value=float(right), correct=right)
"""
SETTINGS = {
    "config.yaml": "study: knots\nstudies: {knots: {}}\nmodels: {wren: {title: Wren}}\n",
    "knots/study.yaml": "title: Knots in <ropes> & 'strings'\ncounts: {drill: 5, warm: 5, test_set: 5, seen: 5}\nhyper: {all: {learning_rate: 0.1, max_steps: 1}}\n",
    "knots/experiments.yaml": "default: {title: One seed, seeds: 1, models: {wren: [all]}, post: true}\n",
}


@pytest.fixture
def knots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a study that nothing in this package knows, its evidence and one item of its pool."""
    pools = [
        {
            name: getattr(pool, name)
            for name in ("name", "role", "level", "derived_from", "trainable", "scored")
        }
        for pool in other_evidence.POOLS
    ]
    for name, text in SETTINGS.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "studies/knots").mkdir(parents=True)
    (tmp_path / "studies/knots/study.py").write_text(STUDY.format(pools=pools))
    columns = "arm parent rollouts method pool mixture reward selection rounds hyper contaminated group label short role"
    rows = [columns.replace(" ", "\t")]
    for name, (short, role, contaminated, *_) in other_evidence.ARMS.items():
        first = name == "blank"
        made = (
            ["-", "-", "base", "-"] if first else ["blank", "-", "sft", "seen" if contaminated else "drill"]
        )
        yes = "yes" if contaminated else "no"
        rows.append("\t".join([name, *made, "-", "-", "-", "1", "all", yes, "all", short, short, role]))
    (tmp_path / "config/knots/arms.tsv").write_text("\n".join(rows) + "\n")
    monkeypatch.chdir(tmp_path)
    other_evidence.write(tmp_path)
    kind = study_class("knots")
    data = tmp_path / "results/knots/data"
    data.mkdir(parents=True)
    write_jsonl(data / "test_set.jsonl", kind(None, data).items("test_set", 2))
    gate = {"pool": "test_set", "role": "evaluation", "items": 60, "reference": 1.0, "empty": 0.0, "permuted_right": 1,
            "permuted_items": 60, "chance": 0.05}  # fmt: skip
    write_json(data / "gates.json", {"study": "knots", "pools": [gate], "overlaps": [], "violations": []})
    return tmp_path


def test_a_study_without_a_post_gets_one(knots: Path) -> None:
    shared = ["--study", "knots", "--experiment", "default", "--claims", "claims.json", "--tables", "tables"]
    for stem in ("trap", "levels", "faithful", "training", "rollouts", "matching", "leakage"):
        assert plot_figure.main([stem, *shared, "--output-dir", "figures"]) == 0, stem
    output = ["--output", "report/post.md", "--html", "report/post.html"]
    assert render_post.main([*shared, "--figures", "figures", *output]) == 0
    text, page = ((knots / "report" / name).read_text() for name in ("post.md", "post.html"))
    assert text.startswith("# Knots in \\<ropes> & 'strings': One seed\n")
    for piece in (
        "| `test_set` | evaluation | knotty | 60 |  |", "| `seen` | evaluation | knotty | 5 | leaked: contaminated arms train on it |",
        "| Arm | accuracy | format | mean score |", "the **mean score** counts",
        "| Taught on the very ones asked (contaminated; asked the same ones) | 97 % [91–100] | 90 % [84–96] | 78 % [72–84] |",
        "Every gate was passed", "(knots: 70)", "| `test_set` | 100 % | 0 % | 1 of 60 | 5 % |",
        "+13.0 points [8.0–18.0] | higher |", "| undecided: the interval holds zero |", "### Training curves",
        "1 inconclusive, 1 not tested here", "(No larger model was run.)", "n = 60 questions × 1 seed",
    ):  # fmt: skip
        assert piece in text, piece
    assert "**faithful**" not in text and "| faithful |" not in text
    assert not re.search(r"\bhops?\b|letter|GRPO|&#|None|nan\b", text)
    reader = Loads()
    reader.feed(page)
    assert reader.active == [] and all(load.startswith("data:image/svg") for load in reader.loads)
    seen = html_entities.unescape(re.sub(r"<[^>]*>", "", page))
    assert "How many knots has rope 0 of test_set? ''' </code><script>alert(1)</script>" in seen
    assert "<b>0</b>" in seen and 'Plain ones <i>hurt</i> & "that\'s" it.' in seen


def test_scores_that_are_right_or_wrong_have_no_column_of_their_own(knots: Path) -> None:
    right = pl.read_parquet("tables/arms.parquet")
    equal = right.filter(metric="accuracy").with_columns(metric=pl.lit("value"))
    pl.concat([right.filter(pl.col("metric") != "value"), equal]).write_parquet("tables/arms.parquet")
    shared = ["--study", "knots", "--claims", "claims.json", "--tables", "tables", "--figures", "figures"]
    assert render_post.main([*shared, "--output", "post.md"]) == 0
    text = (knots / "post.md").read_text()
    assert "| Arm | accuracy | format |\n" in text and "mean score" not in text


def test_a_post_that_lacks_gates_items_and_arms_says_so(knots: Path) -> None:
    for path in (knots / "results/knots/data").iterdir():
        path.unlink()
    other_evidence.write(knots, drop=tuple(other_evidence.ARMS))
    shared = ["--study", "knots", "--claims", "claims.json", "--tables", "tables", "--figures", "figures"]
    assert render_post.main([*shared, "--output", "post.md", "--html", "post.html"]) == 0
    text = (knots / "post.md").read_text()
    for piece in (
        "The gates of the pools were not given",
        "No model was trained",
        "No declared contrast was run.",
        "not recorded",
    ):
        assert piece in text, piece
    assert "An item of it" not in text and "<picture>" not in text


def test_a_study_may_bring_a_template_and_names(knots: Path) -> None:
    (knots / "report/knots").mkdir(parents=True)
    (knots / "report/knots/post.md.j2").write_text(
        "# {{ study.title }}\n\n{{ tables.levels(evidence.pool) }}, {{ ropes }}\n"
    )
    (knots / "studies/knots/post.py").write_text(
        "def context(tables):\n    return {'ropes': tables.name + '*_<'}\n"
    )
    shared = ["--study", "knots", "--claims", "claims.json", "--tables", "tables", "--figures", "figures"]
    assert render_post.main([*shared, "--output", "post.md"]) == 0
    assert (knots / "post.md").read_text() == "# Knots in \\<ropes> & 'strings'\n\n70, tables\\*\\_\\<\n"


# --- texts from data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["<script>alert(1)</script>", '<p onclick="x">a</p>', "<iframe></iframe>", '<a href="javascript:x">a</a>',
     '<p style="background:url(x)">a</p>', "<svg onload=x>", "<base href=x>"],
)  # fmt: skip
def test_markup_that_got_through_stops_the_page(tmp_path: Path, root: Path, line: str) -> None:
    from trap.report.html import self_contained

    with pytest.raises(InputError, match="is not allowed in a post"):
        self_contained(f"# A\n\n{line}\n", root / "report" / "post.html.j2", tmp_path)


TEXTS = (
    HOSTILE, "<script>alert(1)</script>", "a\n\n<script>x</script>", "a\u2028<b>", "``` </code></pre><script>x</script>",
    "`` ` ``", "a|<img src=x onerror=y>", "&lt;script&gt; &#60;b> &amp;", "> # - 1. x", "\\<i>\\\\<b>", "![a](http://x/y.png)",
    "<http://x.org>", "[x]: http://a 'b'", "</picture><script>", "~~~\n<b>\n~~~", "it's \"quoted\"",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_every_way_to_write_text_keeps_it_text(text: str) -> None:
    """Whatever a template does with text from data, the page shows it and is not changed by it."""
    from markdown_it import MarkdownIt

    from trap.report.html import check_markup

    template = (
        "# {{ x }}\n\n{{ x|plain }} and {{ x|code }}\n\n| a | b |\n|---|---|\n| {{ x|plain }} | {{ x|code }} |\n| {{ x }} | c |\n\n"
        '```\n{{ x|block }}\n```\n\n<picture>\n<img alt="{{ x|anchor }}" src="a.svg">\n</picture>\n\nend\n'
    )
    made = markdown_environment().from_string(template).render(x=text)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(made)
    check_markup(page)
    reader = Loads()
    reader.feed(page)
    assert reader.active == [] and reader.links == [] and reader.loads == ["a.svg"]
    assert page.count("<td>") == 4 and page.rstrip().endswith("<p>end</p>")
    seen = " ".join(html_entities.unescape(re.sub(r"<[^>]*>", "", page)).split())
    assert " ".join(text.split()) in seen and "&#39;" not in made and "&#34;" not in made


PUBLISHED = sorted((Path(__file__).parents[1] / "docs").glob("*/*/report/*.md"))


@pytest.mark.parametrize("post", PUBLISHED, ids=lambda path: "/".join(path.parts[-4:]))
def test_phones_show_every_figure_of_every_published_post_whole(post: Path) -> None:
    text = post.read_text(encoding="utf-8")
    assert text.count("<picture") == text.count('<picture class="narrow">')
    for link in re.findall(r' src="([^"]+\.svg)"', text):
        width = re.search(r'<svg [^>]*?width="([\d.]+)pt"', (post.parent / link).read_text(encoding="utf-8"))
        assert width and float(width[1]) <= 72 * NARROW + 0.1, link


def test_there_are_published_posts_of_several_studies() -> None:
    assert len({post.parts[-4] for post in PUBLISHED}) > 2
