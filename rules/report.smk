"""The report: posts in Markdown, and each as one HTML file that needs no network.

needs  results/{study}/{experiment}/{claims.json, tables/, figures/}, report/{study}/ (else report/generic/)
makes  results/{study}/{experiment}/report/{post}.{md, html}: `post`, and all posts that it leads to
"""


wildcard_constraints:
    post=names(name for study in PLANS for name in posts_in_order(study)),


rule render_post:
    input:
        claims="results/{study}/{experiment}/claims.json",
        tables=lambda wildcards: table_files(wildcards.study, wildcards.experiment),
        figures=lambda wildcards: figure_files(wildcards.study, wildcards.experiment),
        beside=figures_beside,
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        gates="results/{study}/data/gates.json",
        templates=lambda wildcards: post_templates(wildcards.study),
        # the front page comes last, so that all its links lead somewhere
        others=lambda wildcards: other_posts(wildcards),
        links=[path for path in ("config/page.yaml",) if Path(path).is_file()],
        code=lambda wildcards: plan_of(wildcards).study_code("render_post.py", "post"),
    output:
        post="results/{study}/{experiment}/report/{post}.md",
        html=shown("results/{study}/{experiment}/report/{post}.html", "render_post", "Post"),
    params:
        figures=post_figures,
        links=lambda wildcards, input: option("--links", input.links),
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
    message:
        "Render a post ({wildcards.post}): {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/render_post.py --config {resources.config} --study {wildcards.study}"
        " --experiment {wildcards.experiment} --post {wildcards.post} --claims {input.claims}"
        " --tables results/{wildcards.study}/{wildcards.experiment}/tables"
        " --figures {params.figures} --evidence {params.evidence}"
        " {params.links} --output {output.post} --html {output.html} &> {log}"
