"""The interactive page: a static folder that any web server can serve, and the models that it runs in the browser.

needs  results/{study}/{experiment}/{claims.json, tables/, report/post.md}, evidence, results/{study}/data/, page/,
       results/released/{study}/{experiment}/weights/ where there are any
makes  results/{study}/{experiment}/page/{index.html, data/, models/MODEL.ARM.{bin, tokenizer.json}}

Models are exported for studies whose page runs models. A page made from released items takes models whose run folders
are here or whose weights are released. None is trained for it, and a page without models says so.
"""


rule export_page_model:
    input:
        files=page_files_of_model,
        code=lambda wildcards: code("export_page_model.py"),
    output:
        model="results/{study}/{experiment}/page/models/{model}.{arm}.bin",
        tokenizer="results/{study}/{experiment}/page/models/{model}.{arm}.tokenizer.json",
    params:
        source=page_source_option,
    message:
        "Export {wildcards.model} {wildcards.arm} for the page: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/export_page_model.py {params.source} --output {output.model}"
        " --tokenizer {output.tokenizer} &> {log}"


rule build_page:
    input:
        claims="results/{study}/{experiment}/claims.json",
        tables=lambda wildcards: table_files(wildcards.study, wildcards.experiment),
        post=lambda wildcards: post_files(wildcards, "md"),
        html=lambda wildcards: post_files(wildcards, "html"),
        preview=lambda wildcards: [
            path
            for path in figure_files(wildcards.study, wildcards.experiment)
            if path.endswith("light.png")
        ][:1],
        # both optional: what pages link, and what their words mean
        words=[path for path in ("config/page.yaml", "docs/glossary.md") if Path(path).is_file()],
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: pool_files(wildcards.study, "train", "evaluation", "control"),
        source=[path.as_posix() for path in sorted(Path("page").rglob("*")) if path.is_file()],
        models=page_models,
        beside=answers_beside,
        code=lambda wildcards: plan_of(wildcards).study_code("build_page.py", "page"),
    output:
        index="results/{study}/{experiment}/page/index.html",
        data=directory("results/{study}/{experiment}/page/data"),
    resources:
        mem_mb=2000,
    params:
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
        folder=subpath(output.index, parent=True),
        models=lambda wildcards, input: option("--models", input.models),
        preview=lambda wildcards, input: option("--preview", input.preview),
        beside=lambda wildcards: option("--beside", evidence_beside(wildcards)),
    message:
        "Build the page: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/build_page.py --config {resources.config} --study {wildcards.study}"
        " --experiment {wildcards.experiment} --claims {input.claims}"
        " --tables results/{wildcards.study}/{wildcards.experiment}/tables"
        " --post {input.post} --post-html {input.html} --links config/page.yaml --glossary docs/glossary.md"
        " --evidence {params.evidence} {params.preview} {params.models} {params.beside}"
        " --output {params.folder} &> {log}"
