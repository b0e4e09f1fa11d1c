"""The texts of an export: how it is used, and the card of a dataset."""

from __future__ import annotations

import yaml

from trap.exports.contents import Export

USE = {
    "verifiers": """import verifiers.v1 as vf
from {name} import ExportedTaskset
from trap.exports.for_verifiers import StudyTasksetConfig

taskset = ExportedTaskset(StudyTasksetConfig(id="{name}", pool="{pool}"))""",
    "reasoning-gym": """import reasoning_gym
import {name}  # registers the dataset

dataset = reasoning_gym.create_dataset("{name}", pool="{pool}")
dataset.score_answer(dataset[0]["answer"], dataset[0])  # 1.0""",
}
LM_EVAL = "lm_eval --include_path . --tasks {name}_{pool} --model hf --model_args pretrained=MODEL"
ROLES = {
    "train": "to learn from",
    "validation": "to choose settings on",
    "evaluation": "to report on; a model that trained on it is contaminated",
    "control": "changed on purpose; no honest set of questions",
}


def usage(export: Export, package: str, name: str) -> str:
    """The README of an export that is code."""
    pool = export.pool().name
    if package == "lm-eval":
        block = f"```sh\n{LM_EVAL.format(name=name, pool=pool)}\n```"
    else:
        block = f"```python\n{USE[package].format(name=name, pool=pool)}\n```"
    return f"""# {export.about.title}

A task for {package}. It needs that package, and the code of the project that exported it (`trap`) on the path.

{block}

{_pools(export)}

{_scores(export)}
"""


def card(export: Export, name: str) -> str:
    """The README of a dataset folder, with the head that hubs read."""
    head = {
        "pretty_name": export.about.title,
        "license": "mit",
        "language": ["en"],
        "tags": ["reasoning", "synthetic", "contamination"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": pool, "path": f"data/{pool}.parquet"} for pool in export.about.pools
                ],
            }
        ],
    }
    return f"""---
{yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()}
---

# {export.about.title}

Made by a program, with seed {export.about.seed}: no text is anybody's. `load_dataset(FOLDER)` gives a split per pool.

| column | holds |
|---|---|
| `id`, `prompt` | what is asked, word for word |
| `answer` | the key; JSON where it is no text |
| `reference` | a completion that earns the full score |
| `level` | {export.study.level_name}: how hard it is |
| `cluster` | what resembles each other and is resampled together |
| `item` | the whole item as JSON, for the grader |

{_pools(export)}

{_scores(export)}

To score a completion: `trap.exports.contents.open_export(Path("export"))`, then `reopened(json.loads(row["item"]))` and
`score(item, completion)`. The folder `export/` holds what the grader needs.
"""


def _pools(export: Export) -> str:
    rows = [
        f"| `{pool}` | {count} | {export.study.pool(pool).level or '-'} | {ROLES[export.study.pool(pool).role]} |"
        for pool, count in export.about.pools.items()
    ]
    return "\n".join(["| pool | items | level | is there |", "|---|---|---|---|", *rows])


def _scores(export: Export) -> str:
    study = export.study
    items = export.items()
    blind = sum(study.chance(item) for item in items) / len(items)
    lines = [
        f"A completion is scored from 0 to 1 (`value`). A blind answer is right in {blind:.0%} of the items of `{export.pool().name}`.",
        f"Further numbers: {', '.join(f'`{name}`' for name in export.metrics if name != 'value')}.",
    ]
    if study.answers_with_reasons:
        lines.append(
            "`faithful` asks for more than a right answer: the reasons stated were checked and hold."
        )
    return " ".join(lines)
