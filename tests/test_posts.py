"""Several posts of a study: how they are declared, that they lead to each other, and how the published ones read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import made_up_evidence
import publish_paper
from made_up_posts import CLUES, TRACES, MadeUp
from test_post_sentences import FALL, FLAT, FLOOR, NONE, RISE, WIDE, post_of
from test_report import POSTS, render
from trap.figures.theme import NARROW
from trap.files import InputError
from trap.report.html import linked
from trap.report.numerals import bare_numerals, literal_numbers
from trap.report.posts import posts_of, template_of
from trap.studies.base import study_class
from trap.studies.hops.post import foretold
from trap.workflow.config import load_config
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "docs/hops/full/report"
WORDS = range(1500, 2001)  # of a post, without its tables and its appendix


# --- how posts are declared -------------------------------------------------------------------------------


def test_a_study_has_one_post_or_those_that_it_declares() -> None:
    assert posts_of("traces") == {} and template_of("traces").parent.name == "traces"
    assert posts_of("letter_counting") == {} and template_of("letter_counting").parent.name == "generic"
    assert ("post", *posts_of("hops")) == POSTS
    assert [template_of("hops", post).name for post in POSTS] == [f"{post}.md.j2" for post in POSTS]
    with pytest.raises(InputError, match="study traces: no post 'leak' \\(there are post\\)"):
        template_of("traces", "leak")


@pytest.mark.parametrize(
    "order, says",
    [
        ("[a, b]", "expected a table of names and titles"),
        ("a: 1", "expected a table of names and titles"),
        ("post: Front", "post: no name for a post"),
        ("A-b: Words", "A-b: no name for a post"),
        ("a: Twenty questions", "a: a title has words and no number"),
        ("a: ' '", "a: a title has words and no number"),
        ("b: Words", "b: no b.md.j2 beside it"),
    ],
)
def test_an_order_that_is_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "report/knots"
    folder.mkdir(parents=True)
    for name in ("post", "a"):
        (folder / f"{name}.md.j2").write_text("# A\n")
    (folder / "posts.yaml").write_text(order)
    with pytest.raises(InputError, match=re.escape("posts.yaml: ") + ".*" + re.escape(says)):
        posts_of("knots")


def test_a_number_typed_into_a_shared_template_is_refused(tmp_path: Path) -> None:
    from trap.report.post import check_template

    (tmp_path / "post.md.j2").write_text("# A\n")
    (tmp_path / "_shared.md.j2").write_text("{% macro a() %}\n75 %\n{% endmacro %}\n")
    with pytest.raises(InputError, match=r"_shared\.md\.j2:2: bare numeral '75'"):
        check_template(tmp_path / "post.md.j2")


@pytest.mark.parametrize("made", [TRACES, CLUES], ids=["traces", "clues"])
def test_a_template_holds_no_number_and_names_declared_claims(made: MadeUp) -> None:
    text = made.template.read_text(encoding="utf-8")
    assert bare_numerals(text) == [] and literal_numbers(text) == []
    assert set() != made.named() <= {claim["id"] for claim in made.claims()}


def test_links_between_posts_lead_to_their_html_and_others_are_text() -> None:
    made = linked(
        '<a href="leak.md">a</a> <a href="way_out.md#how">b</a> <a href="../claims.json">c <em>d</em></a> '
        '<a href="https://x.org/y.md">e</a> <a href="#f">f</a>'
    )
    assert made == (
        '<a href="leak.html">a</a> <a href="way_out.html#how">b</a> c <em>d</em> '
        '<a href="https://x.org/y.md">e</a> <a href="#f">f</a>'
    )


def test_what_the_settings_link_stands_in_every_post(tmp_path: Path) -> None:
    links = "address: https://page.example\nlinks: {Film: 'https://film.example'}\n"
    render(tmp_path, links=links)
    for post in POSTS:
        text = (tmp_path / f"report/{post}.md").read_text()
        assert "[Page](https://page.example)" in text and "[Film](https://film.example)" in text, post
        assert "](../claims.json)" in text
        assert '<a href="https://film.example">' in (tmp_path / f"report/{post}.html").read_text()


def test_publishing_takes_every_post_that_the_front_page_leads_to(tmp_path: Path) -> None:
    home = tmp_path / "results/knots/default"
    for name, text in (
        ("post", "[A](a.md) [web](https://x.org/z.md)"),
        ("a", '<img src="../figures/x.svg">'),
        ("old", ""),
    ):
        (home / "report").mkdir(parents=True, exist_ok=True)
        (home / f"report/{name}.md").write_text(text)
    for name in ("tables/arms.md", "tables/contrasts.md", "figures/x.svg", "figures/x.png", "claims.json"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("[]")
    assert publish_paper.publish(tmp_path / "results/knots", "default", tmp_path / "docs") == 7
    assert sorted(path.name for path in (tmp_path / "docs/default/report").iterdir()) == ["a.md", "post.md"]
    (home / "report/a.md").unlink()
    with pytest.raises(InputError, match=r"a\.md: no such file"):
        publish_paper.publish(tmp_path / "results/knots", "default", tmp_path / "docs")


# --- what they say ----------------------------------------------------------------------------------------


def test_each_prediction_stands_in_one_appendix() -> None:
    claims = json.loads((PUBLISHED.parent / "claims.json").read_text())
    own = [one for one in claims if one["kind"] == "own" and one["unit"] == "points"]
    listed = [one["id"] for post in POSTS[1:] for one in foretold(post, own)]
    assert sorted(listed) == sorted(one["id"] for one in own) and len(listed) > 50
    assert all(len(foretold(post, own)) > 3 for post in POSTS[1:])


@pytest.mark.parametrize(
    "fields, says",
    [
        (FALL, "costs −10.0 points"),
        (RISE, "does not cost on hard questions; it adds +10.0 points"),
        (FLAT, "does not spring a trap"),
        (WIDE, "is undecided"),
        (FLOOR, "is undecided"),
        (NONE, "was not tested from a start that can reach"),
    ],
)
def test_the_first_sentence_follows_the_trap(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    first = post_of(tmp_path, "trap", trap_nano_able=fields).split("\n")[2].replace("\u00a0", " ")
    assert first.startswith("**") and says in first


def way_out(**changes: Any) -> list[dict[str, Any]]:
    """Invented claims with those of the way out."""
    share = {"unit": "share", "low": 0.6, "high": 0.7, "value": 0.65}
    easy = {name: dict(share) for name in ("sft", "sft_accuracy", "sft_easy", "easy", "accuracy")}
    whole = {name: dict(share) for name in ("easy", "accuracy_after", "after")}
    made = {
        "way_out_nano_nope": share | {"also": easy, "verdict": "inconclusive"},
        "way_out_full_ninety_nano_nope": share,
        "way_out_full_nano_nope": {"also": whole},
        "way_out_rounds_nano_nope": {},
        "search_full_nano_nope": share,
    }
    return [*made_up_evidence.claims_list(), *(made_up_evidence.claim(name, **(fields | changes.get(name, {}))) for name, fields in made.items())]  # fmt: skip


@pytest.mark.parametrize(
    "verdict, says",
    [
        ("reproduced", ("published advice in its honest form", "That is what was aimed at")),
        ("not reproduced", ("a way, and not yet out", "less than was aimed at")),
        ("inconclusive", ("Whether that is most of the answers is not settled", "aimed at is not settled")),
    ],
)
def test_prose_follows_the_way_out(tmp_path: Path, verdict: str, says: tuple[str, str]) -> None:
    changed = {name: {"verdict": verdict} for name in ("way_out_nano_nope", "search_full_nano_nope")}
    text, _ = render(tmp_path, way_out(**changed), posts=("way_out",))
    assert text.split("\n")[2].startswith("**A way out: ") and all(words in text for words in says)


@pytest.mark.parametrize(
    "fields, says",
    [(RISE, "faithful accuracy rises (+10.0"), (FALL, "faithful accuracy falls (−10.0"), (WIDE, "undecided"), (FLAT, "no difference beyond the margin")],
)  # fmt: skip
def test_prose_follows_the_rounds(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text, _ = render(tmp_path, way_out(way_out_rounds_nano_nope=fields), posts=("way_out",))
    line = next(line for line in text.split("\n") if "Over the rounds" in line).replace("\u00a0", " ")
    assert says in line


# --- how the published ones read --------------------------------------------------------------------------


def body(post: str) -> str:
    """A published post up to its appendix, or to its commands."""
    text = (PUBLISHED / f"{post}.md").read_text(encoding="utf-8")
    return re.split(r"^## (?:Appendix|Run it yourself)", text, flags=re.MULTILINE)[0]


def prose(post: str) -> str:
    """The body without code blocks, tags, tables and targets of links."""
    text = re.sub(r"^```.*?^```", "", body(post), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<[^>]+>|^\|.*$|(?<=\])\([^)]*\)", "", text, flags=re.MULTILINE)
    return text.replace("\\", "")


@pytest.mark.parametrize("post", POSTS[1:])
def test_a_post_is_read_in_one_sitting(post: str) -> None:
    words = [word for word in prose(post).split() if re.search(r"\w", word)]
    assert len(words) in WORDS


@pytest.mark.parametrize("post", POSTS)
def test_the_first_screen_holds_the_finding_and_then_the_figure(post: str) -> None:
    blocks = [block for block in body(post).split("\n\n") if block.strip()]
    assert blocks[0].startswith("# ") and blocks[1].startswith("**")
    assert re.search(r"\d\S* (points|%)", blocks[1].replace("\u00a0", " "))
    assert blocks[2].strip().startswith('<picture class="narrow">')
    assert len(blocks[1].split()) < 90


def identifiers() -> set[str]:
    """Names of arms, pools, models and experiments that no reader would write."""
    config = load_config(ROOT / "config/config.yaml")
    sheets = [load_arms(path.as_posix()) for path in sorted((ROOT / "config/hops").glob("arms*.tsv"))]
    names = (
        {name for sheet in sheets for name in sheet}
        | set(config.models)
        | set(config.studies["hops"].experiments)
    )
    return {name for name in names | {pool.name for pool in study_class("hops").pools} if "_" in name}


@pytest.mark.parametrize("post", POSTS)
def test_no_code_name_stands_in_prose(post: str) -> None:
    names = identifiers()
    assert {"rsft_easy", "eval_hard", "nano_able", "way_out"} <= names
    assert {word for word in re.findall(r"\w+", prose(post)) if word in names or word == "nano"} == set()
    assert not re.search(r"\b[A-I] − [A-I]\b|\([A-I]\)", prose(post)), "letters of the sheet"


def test_the_front_page_leads_to_every_post_and_each_post_on() -> None:
    front = (PUBLISHED / "post.md").read_text(encoding="utf-8")
    assert all(f"]({post}.md)" in front for post in POSTS[1:])
    for here, after in zip(POSTS[1:], [*POSTS[2:], "post"], strict=True):
        assert (
            f"]({after}.md)" in (PUBLISHED / f"{here}.md").read_text(encoding="utf-8").split("## Appendix")[0]
        )


def test_phones_show_every_figure_whole() -> None:
    shown = {
        path
        for post in POSTS
        for path in publish_paper.shown(PUBLISHED / f"{post}.md")
        if path.suffix == ".svg"
    }
    assert len(shown) > 10
    for path in shown:
        width = re.search(r'<svg [^>]*?width="([\d.]+)pt"', path.read_text(encoding="utf-8"))
        assert width and float(width[1]) <= 72 * NARROW + 0.1, path.name
    for post in POSTS:
        text = (PUBLISHED / f"{post}.md").read_text(encoding="utf-8")
        assert text.count("<picture") == text.count('<picture class="narrow">')
