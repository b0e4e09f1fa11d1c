"""The interactive page: a static folder with the data of claims and tables, and models that run in a browser.

needs  {evidence}/claims.json, {evidence}/tables/, {evidence}/figures/ (named by the text about the method),
       question pools, page/; for its models: the adapters of one seed
makes  {evidence}/page/

Where committed items stand for the runs (ADOPTED), results/page offers the models of those runs whose
folders are there and none of the others: a missing run folder trains nothing, and a page without models
says so. In every other case the models are inputs like all else.
"""

from trap.site.files import page_files


rule export_page_model:
    input:
        adapters=page_adapters,
        code=lambda wildcards: code("export_page_model.py"),
    output:
        model="{evidence}/page/models/{model}.{arm}.bin",
        tokenizer="{evidence}/page/models/{model}.{arm}.tokenizer.json",
    log:
        "{evidence}/logs/export_page_model/{model}.{arm}.log",
    benchmark:
        "{evidence}/benchmarks/export_page_model/{model}.{arm}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        chain=lambda wildcards: [
            f"{run}/adapter" for run in page_chain(wildcards.model, wildcards.arm)
        ],
        runs=page_hashes,
    message:
        "Export {wildcards.model} {wildcards.arm} for the page: {wildcards.evidence}"
    shell:
        "python scripts/export_page_model.py --chain {params.chain} --output {output.model}"
        " --tokenizer {output.tokenizer} &> {log}"


rule build_page:
    input:
        claims="{evidence}/claims.json",
        tables=[*written_tables("{evidence}"), *error_tables("{evidence}")],
        collected=[f"{{evidence}}/tables/{name}.parquet" for name in ("runs", "curves", "episodes")],
        graph=f"{DATA}/kg.json",
        pools=pools_like("easy", "hard", "eval_"),
        figures=figure_files("{evidence}"),
        beside=lambda wildcards: grid_figures(wildcards.evidence),
        provenance="{evidence}/provenance.json",
        template="report/post.md.j2",
        source=[path.as_posix() for path in sorted(Path("page").rglob("*")) if path.is_file()],
        models=lambda wildcards: page_models(wildcards.evidence),
        code=lambda wildcards: code("build_page.py"),
    output:
        page_files("{evidence}/page", Path("page"), PAGE_MODELS),
    log:
        "{evidence}/logs/build_page.log",
    benchmark:
        "{evidence}/benchmarks/build_page.jsonl"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        tables=lambda wildcards: f"{wildcards.evidence}/tables",
        figures=lambda wildcards: figure_folders(wildcards.evidence),
        folder=lambda wildcards: f"{wildcards.evidence}/page",
        models=lambda wildcards: " ".join(PAGE_MODELS),
    message:
        "Build the page: {wildcards.evidence}"
    shell:
        "python scripts/build_page.py --claims {input.claims} --tables {params.tables}"
        " --graph {input.graph} --pools {input.pools} --figures {params.figures}"
        " --provenance {input.provenance} --template {input.template} --study-models {params.models}"
        " --models {input.models} --output {params.folder} &> {log}"
