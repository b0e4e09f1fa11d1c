"""Evidence: all runs' items in one table, then the statistics, then the claims.

needs  the runs of a size, config/claims.yaml, results/published/audit.json where there is one
makes  {evidence}/tables/{items, runs, curves, episodes, traces}.parquet, {evidence}/seconds.json,
       {evidence}/tables/repeat_{model}.parquet, {evidence}/tables/NAME.{parquet, md},
       {evidence}/claims.json, {evidence}/provenance.json

{evidence} is `results` (full size, committed) or `results/SIZE`. Where committed items stand for a size's
runs (ADOPTED), nothing makes them: they are source files, and a missing run folder trains nothing.
"""


rule collect_runs:
    input:
        runs=lambda wildcards: collected_files(
            wildcards.evidence,
            "meta.json",
            "log.jsonl",
            "metrics.json",
            "items.parquet",
            "episodes.jsonl",
        ),
        more=lambda wildcards: more_items(wildcards.evidence),
        audit=f"{DATA}/audit.json",
        code=lambda wildcards: code("collect_runs.py"),
    output:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        curves="{evidence}/tables/curves.parquet",
        episodes="{evidence}/tables/episodes.parquet",
        seconds="{evidence}/seconds.json",
    log:
        "{evidence}/logs/collect_runs.log",
    benchmark:
        "{evidence}/benchmarks/collect_runs.jsonl"
    wildcard_constraints:
        evidence=collected_here(),
    threads: 1
    resources:
        mem_mb=3000,
    params:
        folders=lambda wildcards: [
            run.folder for run in PLAN.collected(PLAN.size_of(wildcards.evidence))
        ],
        more=lambda wildcards, input: " ".join(["--more", *input.more] if input.more else []),
    message:
        "Collect the items of all runs: {wildcards.evidence}"
    shell:
        "python scripts/collect_runs.py --runs {params.folders} {params.more} --output {output.item_rows}"
        " --runs-output {output.runs} --curves-output {output.curves}"
        " --episodes-output {output.episodes} --seconds-output {output.seconds} &> {log}"


# Apart from collect_runs, so that another reading of the traces makes no run stale.
rule collect_traces:
    input:
        runs=lambda wildcards: run_files(
            PLAN.size_of(wildcards.evidence), "meta.json", "episodes.jsonl"
        ),
        graph=f"{DATA}/kg.json",
        pools=LOGGED,
        code=lambda wildcards: code("collect_traces.py"),
    output:
        traces="{evidence}/tables/traces.parquet",
    log:
        "{evidence}/logs/collect_traces.log",
    benchmark:
        "{evidence}/benchmarks/collect_traces.jsonl"
    wildcard_constraints:
        evidence=collected_here(),
    threads: 1
    resources:
        mem_mb=2000,
    params:
        folders=lambda wildcards: [
            run.folder for run in PLAN.runs(PLAN.size_of(wildcards.evidence))
        ],
    message:
        "Read the traces of all runs: {wildcards.evidence}"
    shell:
        "python scripts/collect_traces.py --runs {params.folders} --graph {input.graph}"
        " --questions {input.pools} --output {output.traces} &> {log}"


# The same run twice: what P10 claims of it. The first time's weights are the parents of both.
rule repeat_run:
    input:
        graph=f"{DATA}/kg.json",
        pools=SCORED,
        learned=lambda wildcards: pools(*PLAN.data_pools(repeated(wildcards).arm)),
        runs=lambda wildcards: trained(repeated(wildcards), PLAN.needed(repeated(wildcards).arm)),
        code=lambda wildcards: [
            PLAN.training_code(repeated(wildcards).arm),
            PLAN.evaluation_code(),
            "scripts/repeat_run.py",
        ],
    output:
        item_rows="{evidence}/tables/repeat_{model}.parquet",
    log:
        "{evidence}/logs/repeat_run.{model}.log",
    benchmark:
        "{evidence}/benchmarks/repeat_run.{model}.jsonl"
    wildcard_constraints:
        evidence=collected_here(),
    threads: 1
    resources:
        mem_mb=2500,
        gpu=GPUS,
        config=CONFIG,
    params:
        settings=lambda wildcards: PLAN.settings(wildcards.model, repeated(wildcards).arm),
        run=lambda wildcards: " ".join(
            f"--{name} {getattr(repeated(wildcards), name)}"
            for name in ("study", "model", "platform", "arm", "seed")
        ),
        data=subpath(input.graph, parent=True),
        arms=sheet_behind,
        lineage=lambda wildcards: lineage(repeated(wildcards)),
        validation=pools(*VALIDATION_POOLS),
    message:
        "Repeat a run of {wildcards.model}: {wildcards.evidence}"
    shell:
        "python scripts/repeat_run.py --config {resources.config} --arms {params.arms} {params.run}"
        " --graph {input.graph} --data {params.data} {params.lineage} --pools {input.pools}"
        " --validation {params.validation} --output {output.item_rows} &> {log}"


# On the machine that trained: hardware and seconds belong to the runs, not to who draws them later.
rule record_provenance:
    input:
        seconds="{evidence}/seconds.json",
        code=lambda wildcards: code("record_provenance.py"),
    output:
        provenance="{evidence}/provenance.json",
    log:
        "{evidence}/logs/record_provenance.log",
    benchmark:
        "{evidence}/benchmarks/record_provenance.jsonl"
    wildcard_constraints:
        evidence=collected_here(),
    threads: 1
    resources:
        mem_mb=500,
    message:
        "Record hardware, versions and seconds: {wildcards.evidence}"
    shell:
        "python scripts/record_provenance.py --seconds {input.seconds} --evidence {wildcards.evidence}"
        " --output {output.provenance} &> {log}"


rule tabulate_results:
    input:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        graph=f"{DATA}/kg.json",
        pools=HONEST,
        claims=SETTINGS.claims,
        arms=sheet_behind,
        code=lambda wildcards: code("tabulate_results.py"),
    output:
        *[path for path in written_tables("{evidence}") if Path(path).name not in SHOWN_TABLES],
        arms=shown("{evidence}/tables/arms.md", "tabulate_results", "Tables"),
        contrasts=shown("{evidence}/tables/contrasts.md", "tabulate_contrasts", "Tables"),
    log:
        "{evidence}/logs/tabulate_results.log",
    benchmark:
        "{evidence}/benchmarks/tabulate_results.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        folder=subpath(input.runs, parent=True),
    message:
        "Compute the tables: {wildcards.evidence}"
    shell:
        "python scripts/tabulate_results.py --claims {input.claims} --items {input.item_rows}"
        " --runs {input.runs} --arms {input.arms} --graph {input.graph} --questions {input.pools}"
        " --output {params.folder} &> {log}"


rule tabulate_errors:
    input:
        traces="{evidence}/tables/traces.parquet",
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        graph=f"{DATA}/kg.json",
        pools=LOGGED,
        claims=SETTINGS.claims,
        arms=sheet_behind,
        code=lambda wildcards: code("tabulate_errors.py"),
    output:
        *[path for path in error_tables("{evidence}") if not path.endswith("errors.md")],
        text=shown("{evidence}/tables/errors.md", "tabulate_errors", "Tables"),
    log:
        "{evidence}/logs/tabulate_errors.log",
    benchmark:
        "{evidence}/benchmarks/tabulate_errors.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        folder=subpath(input.traces, parent=True),
    message:
        "Tabulate what traces get wrong: {wildcards.evidence}"
    shell:
        "python scripts/tabulate_errors.py --claims {input.claims} --traces {input.traces}"
        " --items {input.item_rows} --runs {input.runs} --arms {input.arms} --graph {input.graph}"
        " --questions {input.pools} --output {params.folder} &> {log}"


rule tabulate_claims:
    input:
        item_rows="{evidence}/tables/items.parquet",
        runs="{evidence}/tables/runs.parquet",
        seconds="{evidence}/seconds.json",
        repeats=lambda wildcards: repeat_files(wildcards.evidence),
        pointers=lambda wildcards: pointer_files(wildcards.evidence),
        beside=lambda wildcards: grid_ledgers(wildcards.evidence),
        claims=SETTINGS.claims,
        arms=sheet_behind,
        graph=f"{DATA}/kg.json",
        pools=HONEST,
        audit=published_audit(),
        code=lambda wildcards: code("tabulate_claims.py"),
    output:
        claims="{evidence}/claims.json",
    log:
        "{evidence}/logs/tabulate_claims.log",
    benchmark:
        "{evidence}/benchmarks/tabulate_claims.jsonl"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        audit=" ".join(["--published-audit", *published_audit()] if published_audit() else []),
        repeats=lambda wildcards, input: " ".join(
            ["--repeat", *input.repeats] if input.repeats else []
        ),
        pointers=lambda wildcards, input: " ".join(
            ["--pointers", *input.pointers] if input.pointers else []
        ),
        beside=lambda wildcards, input: " ".join(
            ["--beside", *input.beside] if input.beside else []
        ),
    message:
        "Judge the claims: {wildcards.evidence}"
    shell:
        "python scripts/tabulate_claims.py --claims {input.claims} --items {input.item_rows}"
        " --runs {input.runs} --seconds {input.seconds} --arms {input.arms} --graph {input.graph}"
        " --questions {input.pools} {params.audit} {params.repeats} {params.pointers} {params.beside}"
        " --output {output.claims} &> {log}"
