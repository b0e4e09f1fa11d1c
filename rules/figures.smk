"""Figures: each in two themes, as SVG and PNG, from claims and tables alone.

needs  {evidence}/claims.json, {evidence}/tables/
makes  {evidence}/figures/NAME.{light, dark}.{svg, png}

One rule per figure, one script per rule: `plot_trap` and scripts/plot_trap.py. The first says it all;
the others say what differs.
"""


rule plot_trap:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_trap.py"),
    output:
        *plain("{evidence}/figures/trap"),
        light=shown("{evidence}/figures/trap.light.svg", "plot_trap", "Figures"),
    log:
        "{evidence}/logs/plot_trap.log",
    benchmark:
        "{evidence}/benchmarks/plot_trap.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        script="plot_trap",
    message:
        "Draw the trap: {wildcards.evidence}"
    shell:
        "python scripts/{params.script}.py --claims {input.claims} --tables {wildcards.evidence}/tables"
        " --output-dir {wildcards.evidence}/figures &> {log}"


use rule plot_trap as plot_matching with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_matching.py"),
    output:
        *plain("{evidence}/figures/matching"),
        light=shown("{evidence}/figures/matching.light.svg", "plot_matching", "Figures"),
    log:
        "{evidence}/logs/plot_matching.log",
    benchmark:
        "{evidence}/benchmarks/plot_matching.jsonl"
    params:
        script="plot_matching",
    message:
        "Draw the share of hard prompts: {wildcards.evidence}"


use rule plot_trap as plot_leakage with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_leakage.py"),
    output:
        *plain("{evidence}/figures/leakage"),
        light=shown("{evidence}/figures/leakage.light.svg", "plot_leakage", "Figures"),
    log:
        "{evidence}/logs/plot_leakage.log",
    benchmark:
        "{evidence}/benchmarks/plot_leakage.jsonl"
    params:
        script="plot_leakage",
    message:
        "Draw the leaked share: {wildcards.evidence}"


use rule plot_trap as plot_hops with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_hops.py"),
    output:
        *plain("{evidence}/figures/hops"),
        light=shown("{evidence}/figures/hops.light.svg", "plot_hops", "Figures"),
    log:
        "{evidence}/logs/plot_hops.log",
    benchmark:
        "{evidence}/benchmarks/plot_hops.jsonl"
    params:
        script="plot_hops",
    message:
        "Draw hops asked against hops used: {wildcards.evidence}"


use rule plot_trap as plot_faithful with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_faithful.py"),
    output:
        *plain("{evidence}/figures/faithful"),
        light=shown("{evidence}/figures/faithful.light.svg", "plot_faithful", "Figures"),
    log:
        "{evidence}/logs/plot_faithful.log",
    benchmark:
        "{evidence}/benchmarks/plot_faithful.jsonl"
    params:
        script="plot_faithful",
    message:
        "Draw accuracy against faithful accuracy: {wildcards.evidence}"


use rule plot_trap as plot_errors with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        errors="{evidence}/tables/errors.parquet",
        code=lambda wildcards: code("plot_errors.py"),
    output:
        *plain("{evidence}/figures/errors"),
        light=shown("{evidence}/figures/errors.light.svg", "plot_errors", "Figures"),
    log:
        "{evidence}/logs/plot_errors.log",
    benchmark:
        "{evidence}/benchmarks/plot_errors.jsonl"
    params:
        script="plot_errors",
    message:
        "Draw what traces get wrong first: {wildcards.evidence}"


use rule plot_trap as plot_reward with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_reward.py"),
    output:
        *plain("{evidence}/figures/reward"),
        light=shown("{evidence}/figures/reward.light.svg", "plot_reward", "Figures"),
    log:
        "{evidence}/logs/plot_reward.log",
    benchmark:
        "{evidence}/benchmarks/plot_reward.jsonl"
    params:
        script="plot_reward",
    message:
        "Draw the parts of the reward: {wildcards.evidence}"


use rule plot_trap as plot_rollouts with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_rollouts.py"),
    output:
        *plain("{evidence}/figures/rollouts"),
        light=shown("{evidence}/figures/rollouts.light.svg", "plot_rollouts", "Figures"),
    log:
        "{evidence}/logs/plot_rollouts.log",
    benchmark:
        "{evidence}/benchmarks/plot_rollouts.jsonl"
    params:
        script="plot_rollouts",
    message:
        "Draw samples per prompt: {wildcards.evidence}"


use rule plot_trap as plot_training with:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        curves="{evidence}/tables/curves.parquet",
        code=lambda wildcards: code("plot_training.py"),
    output:
        *plain("{evidence}/figures/training"),
        light=shown("{evidence}/figures/training.light.svg", "plot_training", "Figures"),
    log:
        "{evidence}/logs/plot_training.log",
    benchmark:
        "{evidence}/benchmarks/plot_training.jsonl"
    params:
        script="plot_training",
    message:
        "Draw the training curves: {wildcards.evidence}"
