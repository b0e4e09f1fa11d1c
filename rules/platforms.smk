"""Platforms side by side, and model cards: made only where somebody asks for them.

needs  evaluated runs of the platform in the settings, and of another one (or the committed items of either)
makes  results/platforms/{items, runs, curves, episodes}.parquet, results/platforms/{seconds, provenance}.json,
       results/platforms/platforms.{parquet, md, light.svg, …},
       results/{study}/{model}/{platform}/{arm}/s{seed}/README.md
"""

if ELSEWHERE:  # else what is committed stands for them, and no rule makes it

    rule collect_platforms:
        input:
            runs=[
                f"{folder}/{name}"
                for folder in ELSEWHERE
                for name in (
                    "meta.json",
                    "log.jsonl",
                    "metrics.json",
                    "items.parquet",
                    "episodes.jsonl",
                )
            ],
            code=lambda wildcards: code("collect_runs.py"),
        output:
            item_rows=f"{PLATFORMS}/items.parquet",
            runs=f"{PLATFORMS}/runs.parquet",
            curves=f"{PLATFORMS}/curves.parquet",
            episodes=f"{PLATFORMS}/episodes.parquet",
            seconds=f"{PLATFORMS}/seconds.json",
            provenance=f"{PLATFORMS}/provenance.json",
        log:
            "results/logs/collect_platforms.log",
        benchmark:
            "results/benchmarks/collect_platforms.jsonl"
        threads: 1
        resources:
            mem_mb=3000,
        params:
            folders=ELSEWHERE,
            evidence=PLATFORMS,
        message:
            "Collect the items of other platforms"
        shell:
            "(python scripts/collect_runs.py --runs {params.folders} --output {output.item_rows}"
            " --runs-output {output.runs} --curves-output {output.curves}"
            " --episodes-output {output.episodes} --seconds-output {output.seconds}"
            " && python scripts/record_provenance.py --seconds {output.seconds} --evidence {params.evidence}"
            " --output {output.provenance}) &> {log}"


rule compare_platforms:
    input:
        here=lambda wildcards: (
            "results/tables/items.parquet"
            if is_adopted("results")
            else run_files("default", "items.parquet")
        ),
        elsewhere=lambda wildcards: items_elsewhere(),
        claims=SETTINGS.claims,
        code=lambda wildcards: code("compare_platforms.py"),
    output:
        table=f"{PLATFORMS}/platforms.parquet",
        text=f"{PLATFORMS}/platforms.md",
        figures=four(f"{PLATFORMS}/platforms"),
    log:
        "results/logs/compare_platforms.log",
    benchmark:
        "results/benchmarks/compare_platforms.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        folder=subpath(output.table, parent=True),
    message:
        "Compare platforms"
    shell:
        "python scripts/compare_platforms.py --claims {input.claims} --items {input.here} {input.elsewhere}"
        " --output {params.folder} &> {log}"


# Claims as they are committed: a card of one run is no reason to make all the others.
rule write_model_card:
    input:
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
        metrics="results/{study}/{model}/{platform}/{arm}/s{seed}/metrics.json",
        template="report/cards/model_card.md.j2",
        code=lambda wildcards: code("write_model_card.py"),
    output:
        card="results/{study}/{model}/{platform}/{arm}/s{seed}/README.md",
    log:
        "results/logs/write_model_card/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/write_model_card/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    threads: 1
    resources:
        mem_mb=500,
    params:
        folder=subpath(output.card, parent=True),
    message:
        "Write the model card of {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/write_model_card.py {params.folder} &> {log}"
