"""What the page says around its numbers: its glossary, its links, its finding, and what its code loses on the way."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import made_up_evidence
from trap.figures.opening import open_evidence
from trap.files import InputError, write_text
from trap.site.assets import lean
from trap.site.dial import dial
from trap.site.links import Links, read_links
from trap.site.own import own_of
from trap.site.terms import glossary

CONFIG = "config/config.yaml"


def finding(folder: Path, **changes: dict) -> list[str]:
    made_up_evidence.write(folder, claims=made_up_evidence.claims_list(**changes))
    return own_of("hops").finding(
        open_evidence(CONFIG, "hops", None, folder / "claims.json", folder / "tables")
    )


def test_a_glossary_is_read_from_its_paragraphs() -> None:
    text = (
        "# Glossary\n\nOne word.\n\n**Arm** — A way,\nsuch as `sft`, in a *sheet*.\n\n**seed** — A number.\n"
    )
    assert glossary(text, "a.md") == {"arm": "A way, such as sft, in a sheet.", "seed": "A number."}
    with pytest.raises(InputError, match=r"a\.md: seed: explained twice"):
        glossary(text + "\n**seed** — Another.\n", "a.md")
    with pytest.raises(InputError, match=r"a\.md: no entry"):
        glossary("nothing", "a.md")


def test_links_are_addresses(tmp_path: Path) -> None:
    assert read_links(None) == read_links(tmp_path / "absent.yaml") == Links()
    file = tmp_path / "page.yaml"
    write_text(file, "address: https://a.example/b/\nlinks: {Film: https://v.example}\n")
    found = read_links(file)
    assert found.preview() == "https://a.example/b/preview.png" and Links().preview() == "preview.png"
    assert [link["name"] for link in found.shown(post=True)] == ["Read the post", "Film"]
    assert found.shown(post=False) == [{"name": "Film", "address": "https://v.example"}]
    for text, said in (
        ("links: {Film: 'javascript:x'}", "links.Film"),
        ("address: here", "address"),
        ("link: {}", "link"),
    ):
        write_text(file, text + "\n")
        with pytest.raises(InputError, match=said) as error:
            read_links(file)
        assert str(file) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("leak", "spread", "said"),
    [
        ((0.2, 0.1, 0.3), (0.1, 0.05, 0.2), ["adds +20.0", "and +10.0", "on fresh ones"]),
        ((0.2, 0.1, 0.3), (0.0, -0.01, 0.01), ["adds +20.0", "nothing beyond the margin on fresh ones"]),
        ((0.2, 0.1, 0.3), (0.0, -0.2, 0.2), ["adds +20.0", "can be told from none"]),
        ((-0.2, -0.3, -0.1), (-0.1, -0.2, -0.05), ["changes the score by −20.0", "and −10.0"]),
        ((0.0, -0.2, 0.2), None, ["is not settled"]),
    ],
)  # fmt: skip
def test_every_outcome_has_its_sentence(
    tmp_path: Path, leak: tuple, spread: tuple | None, said: list[str]
) -> None:
    def as_claim(found: tuple | None) -> dict:
        value, low, high = found or (None, None, None)
        return {"value": value, "low": low, "high": high, "p_holm": 0.01, "room": "", "margin": 0.03}

    first = finding(tmp_path, contamination_nano=as_claim(leak), leak_spread_nano=as_claim(spread))[0]
    assert all(words in first for words in said), first
    assert ("fresh" in first) == (spread is not None) and first.endswith(".")


def test_without_the_claim_nothing_is_said(tmp_path: Path) -> None:
    nothing = {"value": None, "low": None, "high": None}
    assert finding(tmp_path, contamination_nano=nothing) == []


def test_a_dial_needs_answers_of_all_its_arms(tmp_path: Path) -> None:
    made_up_evidence.write(tmp_path)
    evidence = open_evidence(CONFIG, "hops", None, tmp_path / "claims.json", tmp_path / "tables")
    path = tmp_path / "items.parquet"
    assert dial(evidence, path, {}) is None
    arms = [row.arm for row in evidence.settings.dial.rows]
    rows = [
        {"model": model, "arm": arm, "pool": "eval_hard", "seed": seed, "id": f"q{i}", "correct": i % 3 == 0}
        for model, has in (("nano", arms), ("nano_able", arms[:-1])) for arm in has
        for seed in ((1, 2) if arm == arms[0] else (2, 3)) for i in range(40)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(path)
    found = dial(evidence, path, {})
    assert list(found["models"]) == ["nano"] and found["models"]["nano"]["seeds"] == [2]
    assert found["models"]["nano"]["n"] == [40] * len(arms) and found["sizes"] == [20, 30, 40]
    pl.DataFrame(rows).filter(pl.col("arm") != arms[0]).write_parquet(path)
    assert dial(evidence, path, {}) is None


def test_code_loses_comments_and_indentation_alone() -> None:
    code = (
        "// says\nconst a = 1; // kept\n\n/** What\n * it does. */\nfunction b() {\n  return `x // y`;\n}\n"
    )
    assert lean(code) == "const a = 1; // kept\nfunction b() {\nreturn `x // y`;\n}\n"
