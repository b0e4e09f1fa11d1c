"""The report: a post in Markdown, and the same as one HTML file that needs no network.

needs  {evidence}/claims.json, {evidence}/tables/, {evidence}/figures/, report/*.j2
makes  {evidence}/report/{post.md, post.html}
"""


rule render_post:
    input:
        claims="{evidence}/claims.json",
        tables=[*written_tables("{evidence}"), *error_tables("{evidence}")],
        figures=figure_files("{evidence}"),
        beside=lambda wildcards: grid_figures(wildcards.evidence),
        provenance="{evidence}/provenance.json",
        template="report/post.md.j2",
        page="report/post.html.j2",
        code=lambda wildcards: code("render_post.py"),
    output:
        post="{evidence}/report/post.md",
        html=shown("{evidence}/report/post.html", "render_post", "Post"),
    log:
        "{evidence}/logs/render_post.log",
    benchmark:
        "{evidence}/benchmarks/render_post.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        tables=lambda wildcards: f"{wildcards.evidence}/tables",
        figures=lambda wildcards: figure_folders(wildcards.evidence),
    message:
        "Render the post: {wildcards.evidence}"
    shell:
        "python scripts/render_post.py --claims {input.claims} --tables {params.tables}"
        " --figures {params.figures} --provenance {input.provenance} --template {input.template}"
        " --output {output.post} --html {output.html} &> {log}"
