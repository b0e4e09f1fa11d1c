"""Evaluation: every run answers the fresh questions once, greedily.

needs  the run's adapter and those of its parents, results/hops/data/{eval_*, valid_*}.jsonl
makes  results/{study}/{model}/{platform}/{arm}/s{seed}/{episodes.jsonl, metrics.json, items.parquet}
"""


rule evaluate_adapter:
    input:
        graph=f"{DATA}/kg.json",
        pools=SCORED,
        validation=pools(*VALIDATION_POOLS),
        chain=lambda wildcards: trained(wildcards, PLAN.chain(wildcards.arm)),
        code=PLAN.evaluation_code(),
    output:
        episodes="results/{study}/{model}/{platform}/{arm}/s{seed}/episodes.jsonl",
        metrics="results/{study}/{model}/{platform}/{arm}/s{seed}/metrics.json",
        item_rows="results/{study}/{model}/{platform}/{arm}/s{seed}/items.parquet",
    log:
        "results/logs/evaluate_adapter/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_adapter/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        model=TRAINED_HERE,
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.memory(wildcards.model, wildcards.arm, trains=False),
        gpu=GPUS,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        folder=subpath(output.metrics, parent=True),
        chain=lambda wildcards: run_folders(wildcards, PLAN.chain(wildcards.arm)),
        arms=sheet_of,
    message:
        "Evaluate {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/evaluate_adapter.py --config {resources.config} --arms {params.arms}"
        " --arm {wildcards.arm} --study {wildcards.study} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --graph {input.graph}"
        " --chain {params.chain} --pools {input.pools} --validation {input.validation}"
        " --output {params.folder} &> {log}"
