"""More answers of trained runs: to longer chains (`far`), and by choosing among several of their own (`search`).

needs  results/hops/data/kg.json, questions, the runs' adapters
makes  results/hops/far/{eval_hop6.jsonl, …, audit.json},
       results/{study}/{model}/{platform}/{arm}/s{seed}/{far, search}/items.parquet
"""


use rule sample_questions as sample_far_questions with:
    output:
        questions=f"{FAR}/{{far}}.jsonl",
    log:
        "results/logs/sample_questions/{far}.log",
    benchmark:
        "results/benchmarks/sample_questions/{far}.jsonl"
    wildcard_constraints:
        far=r"eval_hop\d+",
    resources:
        mem_mb=2000,
    params:
        pool="{far}",
        number=lambda wildcards: FAR_POOLS[wildcards.far],
        seed=SETTINGS.data.seed,
        style=SETTINGS.data.style,
        prompt=SETTINGS.data.prompt,
    message:
        "Sample {params.number} questions: {wildcards.far}"


use rule audit_questions as audit_far_questions with:
    input:
        graph=f"{DATA}/kg.json",
        questions=far_questions(),
        training=pools_like("easy", "hard", "valid_"),
        code=lambda wildcards: code("audit_questions.py"),
    output:
        audit=f"{FAR}/audit.json",
    log:
        "results/logs/audit_far_questions.log",
    benchmark:
        "results/benchmarks/audit_far_questions.jsonl"
    message:
        "Audit the questions of longer chains"


use rule evaluate_adapter as evaluate_far with:
    input:
        graph=f"{DATA}/kg.json",
        pools=far_questions(),
        audit=f"{FAR}/audit.json",
        validation=pools(*VALIDATION_POOLS),
        chain=lambda wildcards: trained(wildcards, PLAN.chain(wildcards.arm)),
        code=PLAN.evaluation_code(),
    output:
        episodes="results/{study}/{model}/{platform}/{arm}/s{seed}/far/episodes.jsonl",
        metrics="results/{study}/{model}/{platform}/{arm}/s{seed}/far/metrics.json",
        item_rows="results/{study}/{model}/{platform}/{arm}/s{seed}/far/items.parquet",
    log:
        "results/logs/evaluate_far/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_far/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    message:
        "Ask {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, for longer chains"


rule search_answers:
    input:
        graph=f"{DATA}/kg.json",
        pools=pools(*SEARCH.pools),
        chain=lambda wildcards: trained(wildcards, PLAN.chain(wildcards.arm)),
        code=PLAN.search_code(),
    output:
        item_rows="results/{study}/{model}/{platform}/{arm}/s{seed}/search/items.parquet",
    log:
        "results/logs/search_answers/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/search_answers/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        model=TRAINED_HERE,
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.memory(wildcards.model, wildcards.arm, trains=False),
        gpu=GPUS,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        folder=subpath(output.item_rows, parent=True),
        chain=lambda wildcards: run_folders(wildcards, PLAN.chain(wildcards.arm)),
        arms=sheet_of,
        samples=SEARCH.samples,
        temperature=SEARCH.temperature,
    message:
        "Let {wildcards.model} {wildcards.arm}, seed {wildcards.seed}, choose among its answers"
    shell:
        "python scripts/search_answers.py --config {resources.config} --arms {params.arms}"
        " --arm {wildcards.arm} --study {wildcards.study} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --graph {input.graph}"
        " --chain {params.chain} --pools {input.pools} --samples {params.samples}"
        " --temperature {params.temperature} --output {params.folder} &> {log}"
