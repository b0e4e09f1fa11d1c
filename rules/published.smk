"""Somebody else's data: the published files, fetched and audited like our own.

needs  a network for fetch_published, or `published: FOLDER` in the settings
makes  results/published/hops/, results/published/audit.json (read by tabulate_claims)

The audit is committed. Where it is there and the files it was made of are not, nothing makes it: a
clone without a network keeps its findings.
"""


rule published:
    input:
        published_folder() or PUBLISHED,
        PUBLISHED_AUDIT,


rule fetch_published:
    input:
        code=lambda wildcards: code("fetch_published.py"),
    output:
        folder=directory(PUBLISHED),
    log:
        "results/logs/fetch_published.log",
    benchmark:
        "results/benchmarks/fetch_published.jsonl"
    retries: 2
    threads: 1
    resources:
        mem_mb=500,
    message:
        "Fetch the published files (checked against their hashes)"
    shell:
        "python scripts/fetch_published.py --output {output.folder} &> {log}"


if published_folder() or not Path(PUBLISHED_AUDIT).is_file():

    rule audit_published:
        input:
            folder=published_folder() or PUBLISHED,
            code=lambda wildcards: code("audit_questions.py"),
        output:
            audit=PUBLISHED_AUDIT,
        log:
            "results/logs/audit_published.log",
        benchmark:
            "results/benchmarks/audit_published.jsonl"
        threads: 1
        resources:
            mem_mb=1000,
        message:
            "Audit the published files"
        shell:
            "python scripts/audit_questions.py --published {input.folder} --output {output.audit} &> {log}"
