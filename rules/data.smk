"""Data: the graph, the facts a base model learns, the question pools, and the gate on them.

needs  config/graph/*.yaml (or the kg.json that `graph` in the settings names)
makes  results/hops/data/{kg.json, facts.jsonl, POOL.jsonl, audit.json}
"""


rule build_graph:
    input:
        source=PLAN.graph_sources(),
        code=lambda wildcards: code("build_graph.py"),
    output:
        graph=f"{DATA}/kg.json",
    log:
        "results/logs/build_graph.log",
    benchmark:
        "results/benchmarks/build_graph.jsonl"
    threads: 1
    resources:
        mem_mb=500,
    params:
        source=f"--graph {SETTINGS.graph}" if SETTINGS.graph else "--source config/graph",
    message:
        "Build the knowledge graph"
    shell:
        "python scripts/build_graph.py {params.source} --output {output.graph} &> {log}"


rule write_facts:
    input:
        graph=f"{DATA}/kg.json",
        code=lambda wildcards: code("write_facts.py"),
    output:
        facts=f"{DATA}/facts.jsonl",
    log:
        "results/logs/write_facts.log",
    benchmark:
        "results/benchmarks/write_facts.jsonl"
    threads: 1
    resources:
        mem_mb=500,
    params:
        seed=SETTINGS.data.seed,
    message:
        "Write the facts of the graph as sentences"
    shell:
        "python scripts/write_facts.py --graph {input.graph} --seed {params.seed}"
        " --output {output.facts} &> {log}"


rule sample_questions:
    input:
        graph=f"{DATA}/kg.json",
        code=lambda wildcards: code("sample_questions.py"),
    output:
        questions=f"{DATA}/{{pool}}.jsonl",
    log:
        "results/logs/sample_questions/{pool}.log",
    benchmark:
        "results/benchmarks/sample_questions/{pool}.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        pool="{pool}",
        number=lambda wildcards: SETTINGS.data.counts[wildcards.pool],
        seed=SETTINGS.data.seed,
        style=SETTINGS.data.style,
        prompt=SETTINGS.data.prompt,
    message:
        "Sample {params.number} questions: {wildcards.pool}"
    shell:
        "python scripts/sample_questions.py --graph {input.graph} --pool {params.pool}"
        " --count {params.number} --seed {params.seed} --style {params.style} --prompt {params.prompt}"
        " --allow-fewer --output {output.questions} &> {log}"


# The gate: it runs first and fails on an ill-posed question or an overlap that no arm declares; then
# the workflow stops, and nothing is collected. Training does not take it as an input: as a plain one an
# edit of the audit would train everything again, and an ancient() one would hide other reasons to train.
rule audit_questions:
    input:
        graph=f"{DATA}/kg.json",
        questions=HONEST,
        training=pools_like("easy", "hard", "valid_"),
        code=lambda wildcards: code("audit_questions.py"),
    output:
        audit=f"{DATA}/audit.json",
    log:
        "results/logs/audit_questions.log",
    benchmark:
        "results/benchmarks/audit_questions.jsonl"
    priority: 1000
    threads: 1
    resources:
        mem_mb=1500,
    message:
        "Audit the questions: well posed, no overlap"
    shell:
        "python scripts/audit_questions.py --graph {input.graph} --questions {input.questions}"
        " --training {input.training} --gate --output {output.audit} &> {log}"
