"""Evaluation: every run answers the scored pools once, greedily; some answer more.

needs  the run's adapter and those of its parents, results/{study}/data/, results/{study}/extra/
makes  RUN/{episodes.jsonl, metrics.json, items.parquet}, RUN/extra/items.parquet, RUN/search/items.parquet
       (RUN is results/{study}/runs/{model}/{platform}/{arm}/s{seed})
"""


rule evaluate_adapter:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: plan_of(wildcards).pool_files(
            plan_of(wildcards).asked(wildcards.model)
        ),
        validation=lambda wildcards: pool_files(wildcards.study, "validation"),
        lineage=lambda wildcards: trained(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
    output:
        episodes="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/episodes.jsonl",
        metrics="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/metrics.json",
        item_rows="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/items.parquet",
    log:
        "results/logs/evaluate_adapter/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_adapter/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    threads: run_threads
    resources:
        mem_mb=lambda wildcards: run_memory(wildcards, trains=False),
        gpu=gpus,
        config=CONFIG,
    params:
        code=lambda wildcards: plan_of(wildcards).evaluation_code(wildcards.platform),
        asked=lambda wildcards: plan_of(wildcards).settings.asked.get(wildcards.model),
        folder=subpath(output.metrics, parent=True),
        lineage=lambda wildcards: run_folders(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(wildcards.arm),
        validation=lambda wildcards, input: " ".join(
            ["--validation", *input.validation] if input.validation else []
        ),
    message:
        "Evaluate {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/evaluate_adapter.py --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} --arm {wildcards.arm} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --lineage {params.lineage}"
        " --pools {input.pools} {params.validation} --output {params.folder} &> {log}"


# Every run that is asked more answers all extra pools of its study, whatever the experiment.
rule evaluate_extra:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: [
            f"results/{wildcards.study}/extra/{pool}.jsonl" for pool in plan_of(wildcards).extra
        ],
        lineage=lambda wildcards: trained(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
    output:
        item_rows="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/extra/items.parquet",
    log:
        "results/logs/evaluate_extra/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_extra/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    threads: run_threads
    resources:
        mem_mb=lambda wildcards: run_memory(wildcards, trains=False),
        gpu=gpus,
        config=CONFIG,
    params:
        code=lambda wildcards: plan_of(wildcards).evaluation_code(wildcards.platform),
        folder=subpath(output.item_rows, parent=True),
        lineage=lambda wildcards: run_folders(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(wildcards.arm),
    message:
        "Ask {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, more"
    shell:
        "python scripts/evaluate_adapter.py --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} --arm {wildcards.arm} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --lineage {params.lineage}"
        " --pools {input.pools} --output {params.folder} &> {log}"


rule search_answers:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: named_pools(wildcards.study, search_of(wildcards.study).pools),
        lineage=lambda wildcards: trained(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
    output:
        item_rows="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/search/items.parquet",
    log:
        "results/logs/search_answers/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/search_answers/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    threads: run_threads
    resources:
        mem_mb=lambda wildcards: run_memory(wildcards, trains=False),
        gpu=gpus,
        config=CONFIG,
    params:
        code=lambda wildcards: plan_of(wildcards).evaluation_code(
            wildcards.platform, "search_answers.py"
        ),
        folder=subpath(output.item_rows, parent=True),
        lineage=lambda wildcards: run_folders(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(wildcards.arm),
        samples=lambda wildcards: search_of(wildcards.study).samples,
        temperature=lambda wildcards: search_of(wildcards.study).temperature,
    message:
        "Let {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, choose among its answers"
    shell:
        "python scripts/search_answers.py --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} --arm {wildcards.arm} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --lineage {params.lineage}"
        " --pools {input.pools} --samples {params.samples} --temperature {params.temperature}"
        " --output {params.folder} &> {log}"
