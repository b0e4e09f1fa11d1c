"""Grids of experiments: sizes with a sheet of their own, and the table and the figure that only they have.

needs  {evidence}/tables/, {evidence}/claims.json, the sheet of the size
makes  results/grpo/tables/rewards.{parquet, md}, results/ignition/figures/ignition.{light, dark}.{svg, png},
       {evidence}/tables/{attention.parquet, pointers.parquet, pointers.md} of the sizes way_out and positions,
       results/way_out/figures/attention.{light, dark}.{svg, png}
"""

from trap.studies.hops.pools import EASY_HOPS


rule tabulate_rewards:
    input:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        claims=SETTINGS.claims,
        arms=sheet_behind,
        code=lambda wildcards: code("tabulate_rewards.py"),
    output:
        table="{evidence}/tables/rewards.parquet",
        text=shown("{evidence}/tables/rewards.md", "tabulate_rewards", "Tables"),
    log:
        "{evidence}/logs/tabulate_rewards.log",
    benchmark:
        "{evidence}/benchmarks/tabulate_rewards.jsonl"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        folder=subpath(output.table, parent=True),
    message:
        "Tabulate what each reward trains: {wildcards.evidence}"
    shell:
        "python scripts/tabulate_rewards.py --claims {input.claims} --items {input.item_rows}"
        " --runs {input.runs} --arms {input.arms} --output {params.folder} &> {log}"


use rule plot_trap as plot_ignition with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_ignition.py"),
    output:
        *plain("{evidence}/figures/ignition"),
        light=shown("{evidence}/figures/ignition.light.svg", "plot_ignition", "Figures"),
    log:
        "{evidence}/logs/plot_ignition.log",
    benchmark:
        "{evidence}/benchmarks/plot_ignition.jsonl"
    params:
        script="plot_ignition",
    message:
        "Draw how many hard traces it takes: {wildcards.evidence}"


rule map_attention:
    input:
        pools=pools("eval_easy", "eval_hard"),
        runs=lambda wildcards: [
            f"{folder}/adapter" for run in looking(wildcards) for folder in chain_of(run)
        ],
        code=lambda wildcards: code("map_attention.py", "platforms.torch"),
    output:
        maps="{evidence}/tables/attention.parquet",
        pointers="{evidence}/tables/pointers.parquet",
        text=shown("{evidence}/tables/pointers.md", "map_attention", "Tables"),
    log:
        "{evidence}/logs/map_attention.log",
    benchmark:
        "{evidence}/benchmarks/map_attention.jsonl"
    wildcard_constraints:
        evidence=collected_here(),
    threads: 1
    resources:
        mem_mb=2500,
    params:
        folder=subpath(output.maps, parent=True),
        taught=max(EASY_HOPS),
        runs=lambda wildcards: " ".join(
            " ".join(["--run", run.model, run.arm, str(run.seed), *chain_of(run)])
            for run in looking(wildcards)
        ),
    message:
        "Map where models look for the next relation: {wildcards.evidence}"
    shell:
        "python scripts/map_attention.py --questions {input.pools} --taught {params.taught} {params.runs}"
        " --output {params.folder} &> {log}"


use rule plot_ignition as plot_attention with:
    input:
        claims="{evidence}/claims.json",
        tables=["{evidence}/tables/attention.parquet", "{evidence}/tables/pointers.parquet"],
        code=lambda wildcards: code("plot_attention.py"),
    output:
        *plain("{evidence}/figures/attention"),
        light=shown("{evidence}/figures/attention.light.svg", "plot_attention", "Figures"),
    log:
        "{evidence}/logs/plot_attention.log",
    benchmark:
        "{evidence}/benchmarks/plot_attention.jsonl"
    params:
        script="plot_attention",
    message:
        "Draw where models look for the next relation: {wildcards.evidence}"
