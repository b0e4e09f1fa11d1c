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
    threads: run_threads
    resources:
        mem_mb=lambda wildcards: run_memory(wildcards, trains=False),
        gpu=gpus,
    params:
        program="evaluate_adapter.py",
        code=lambda wildcards: plan_of(wildcards).evaluation_code(wildcards.platform),
        asked=lambda wildcards: plan_of(wildcards).settings.asked.get(wildcards.model),
        folder=subpath(output.item_rows, parent=True),
        lineage=lambda wildcards: run_folders(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(wildcards.arm),
        more=lambda wildcards, input: option("--validation", input.validation),
    message:
        "Evaluate {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/{params.program} --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} --arm {wildcards.arm} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --lineage {params.lineage}"
        " --pools {input.pools} {params.more} --output {params.folder} &> {log}"


# A run that is asked extra pools answers all those of its study, because several experiments may share it.
use rule evaluate_adapter as evaluate_extra with:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: extra_files(wildcards.study),
        lineage=lambda wildcards: trained(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
    output:
        item_rows="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/extra/items.parquet",
    params:
        folder=subpath(output.item_rows, parent=True),
        more="",
    message:
        "Evaluate {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, on the extra pools"


use rule evaluate_adapter as search_answers with:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: plan_of(wildcards).pool_files(search_of(wildcards.study).pools),
        lineage=lambda wildcards: trained(wildcards, plan_of(wildcards).lineage(wildcards.arm)),
    output:
        item_rows="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/search/items.parquet",
        samples="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/search/samples.parquet",
    params:
        program="search_answers.py",
        code=lambda wildcards: plan_of(wildcards).evaluation_code(
            wildcards.platform, "search_answers.py"
        ),
        folder=subpath(output.item_rows, parent=True),
        more=lambda wildcards: search_options(wildcards.study),
    message:
        "Let {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, choose among its answers"
