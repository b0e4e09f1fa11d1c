"""The film: facts of every scene, clips, both cuts, subtitles, thumbnails, the production kit.

needs  {evidence}/claims.json, {evidence}/tables/, the graph, video/cues.yaml, video/font/; Manim (make film installs it)
makes  {evidence}/video/facts/SCENE.json
       {evidence}/video/clips/CUT_SCENE.{mp4, webp}, {evidence}/video/{trap_CUT.mp4, trap_CUT.json, contact_sheet_CUT.png}
       {evidence}/video/{trap_CUT.srt, trap_CUT.vtt, thumbnail_CUT.png, kit.md}
       {evidence}/video/trap_CUT_narrated.mp4, when asked for (video/narration/SCENE.CUE.wav, espeak-ng)

Quality is that of video/cues.yaml, or of --config film_quality: final (1920 x 1080 at 60 frames a second;
short: 1080 x 1920) or draft (a third of it, 10 frames a second). Films of another one count as out of date.
A scene is drawn from its facts alone: it is drawn anew when they change, and only then (clips are kept in
.cache/film with a hash of what they show, for Snakemake goes by dates).
Which scenes can be told is known only when their facts are gathered. One that this evidence has no example for is
left out: its facts say why, its clip is an empty file, and every later rule goes on without it.
"""

SCENES = sorted(
    path.stem for path in Path(workflow.basedir, "scripts/trap/film/scenes").glob("[a-z]*.py")
)
FONTS = ["video/font/TrapSans.otf", "video/font/TrapSansBold.otf"]


wildcard_constraints:
    cut="|".join(CUTS),
    scene="[a-z]+",


localrules:
    film,
    film_narrated,


rule film:
    input:
        lambda wildcards: film_files("results/video"),


rule film_narrated:
    input:
        [f"results/video/trap_{cut}_narrated.mp4" for cut in CUTS],


# One job for all scenes: reading the tables takes longer than writing what a scene shows.
rule write_scene_facts:
    input:
        claims="{evidence}/claims.json",
        tables=film_tables,
        graph=f"{DATA}/kg.json",
        cues=CUES,
        code=lambda wildcards: code("write_scene_facts.py"),
    output:
        facts=[f"{{evidence}}/video/facts/{scene}.json" for scene in SCENES],
    log:
        "{evidence}/logs/write_scene_facts.log",
    benchmark:
        "{evidence}/benchmarks/write_scene_facts.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        tables=lambda wildcards: f"{wildcards.evidence}/tables",
    message:
        "Collect what the scenes of the film show"
    shell:
        "python scripts/write_scene_facts.py --cues {input.cues} --claims {input.claims} --tables {params.tables}"
        " --graph {input.graph} --output {output.facts} &> {log} || {{ tail -n 1 {log} >&2; exit 1; }};"
        " sed -n '/^the film leaves out/p' {log} >&2"


rule render_scene:
    input:
        facts="{evidence}/video/facts/{scene}.json",
        fonts=FONTS,
        code=lambda wildcards: code("render_scene.py", f"film.scenes.{wildcards.scene}"),
    output:
        clip="{evidence}/video/clips/{cut}_{scene}.mp4",
    log:
        "{evidence}/logs/render_scene_{cut}_{scene}.log",
    benchmark:
        "{evidence}/benchmarks/render_scene_{cut}_{scene}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        quality=lambda wildcards: film_quality(),
        kept=lambda wildcards: f".cache/film/{wildcards.evidence}",
    message:
        "Render a scene: {wildcards.scene}, {wildcards.cut}, {params.quality}"
    shell:
        "python scripts/render_scene.py --facts {input.facts} --cut {wildcards.cut} --quality {params.quality}"
        " --output {output.clip} --kept {params.kept} --progress 3 3>&2 &> {log} || {{ tail -n 1 {log} >&2; exit 1; }}"


rule assemble_film:
    input:
        clips=lambda wildcards: [
            f"{wildcards.evidence}/video/clips/{wildcards.cut}_{scene}.mp4"
            for scene in scenes(wildcards.cut, wildcards.evidence)
        ],
        facts=lambda wildcards: [
            f"{wildcards.evidence}/video/facts/{scene}.json"
            for scene in scenes(wildcards.cut, wildcards.evidence)
        ],
        cues=CUES,
        code=lambda wildcards: code("assemble_film.py"),
    output:
        film="{evidence}/video/trap_{cut}.mp4",
        ledger="{evidence}/video/trap_{cut}.json",
    log:
        "{evidence}/logs/assemble_film_{cut}.log",
    benchmark:
        "{evidence}/benchmarks/assemble_film_{cut}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        quality=lambda wildcards: film_quality(),
    message:
        "Join and check the film: {wildcards.cut}, {params.quality}"
    shell:
        "python scripts/assemble_film.py --clips {input.clips} --facts {input.facts} --cues {input.cues}"
        " --cut {wildcards.cut} --quality {params.quality} --output {output.film} --ledger {output.ledger}"
        " &> {log} || {{ tail -n 3 {log} >&2; exit 1; }}"


rule narrate_film:
    input:
        film="{evidence}/video/trap_{cut}.mp4",
        facts=lambda wildcards: [
            f"{wildcards.evidence}/video/facts/{scene}.json"
            for scene in scenes(wildcards.cut, wildcards.evidence)
        ],
        recordings=sorted(str(path) for path in Path("video/narration").glob("*.*")),
        code=lambda wildcards: code("narrate_film.py"),
    output:
        film="{evidence}/video/trap_{cut}_narrated.mp4",
    log:
        "{evidence}/logs/narrate_film_{cut}.log",
    benchmark:
        "{evidence}/benchmarks/narrate_film_{cut}.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "Lay the narration under the film: {wildcards.cut}"
    shell:
        "python scripts/narrate_film.py --film {input.film} --facts {input.facts} --cut {wildcards.cut}"
        " --recordings video/narration --output {output.film} &> {log} || {{ tail -n 1 {log} >&2; exit 1; }}"


rule animate_clip:
    input:
        clip="{evidence}/video/clips/{cut}_{scene}.mp4",
        code=lambda wildcards: code("draw_stills.py"),
    output:
        animation="{evidence}/video/clips/{cut}_{scene}.webp",
    log:
        "{evidence}/logs/animate_clip_{cut}_{scene}.log",
    benchmark:
        "{evidence}/benchmarks/animate_clip_{cut}_{scene}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    message:
        "Make a light animation: {wildcards.scene}, {wildcards.cut}"
    shell:
        "python scripts/draw_stills.py --film {input.clip} --animation {output.animation} &> {log}"


rule draw_contact_sheet:
    input:
        film="{evidence}/video/trap_{cut}.mp4",
        ledger="{evidence}/video/trap_{cut}.json",
        code=lambda wildcards: code("draw_stills.py"),
    output:
        sheet="{evidence}/video/contact_sheet_{cut}.png",
    log:
        "{evidence}/logs/draw_contact_sheet_{cut}.log",
    benchmark:
        "{evidence}/benchmarks/draw_contact_sheet_{cut}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    message:
        "Draw the contact sheet: {wildcards.cut}"
    shell:
        "python scripts/draw_stills.py --film {input.film} --ledger {input.ledger}"
        " --sheet {output.sheet} &> {log}"


rule draw_thumbnail:
    input:
        facts="{evidence}/video/facts/poster.json",
        fonts=FONTS,
        code=lambda wildcards: code("draw_thumbnail.py", "film.scenes.poster"),
    output:
        picture="{evidence}/video/thumbnail_{cut}.png",
    log:
        "{evidence}/logs/draw_thumbnail_{cut}.log",
    benchmark:
        "{evidence}/benchmarks/draw_thumbnail_{cut}.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "Draw the thumbnail: {wildcards.cut}"
    shell:
        "python scripts/draw_thumbnail.py --facts {input.facts} --cut {wildcards.cut}"
        " --output {output.picture} &> {log}"


rule write_subtitles:
    input:
        facts=lambda wildcards: [
            f"{wildcards.evidence}/video/facts/{scene}.json"
            for scene in scenes(wildcards.cut, wildcards.evidence)
        ],
        code=lambda wildcards: code("write_subtitles.py"),
    output:
        srt="{evidence}/video/trap_{cut}.srt",
        vtt="{evidence}/video/trap_{cut}.vtt",
    log:
        "{evidence}/logs/write_subtitles_{cut}.log",
    benchmark:
        "{evidence}/benchmarks/write_subtitles_{cut}.jsonl"
    threads: 1
    resources:
        mem_mb=500,
    message:
        "Write the subtitles: {wildcards.cut}"
    shell:
        "python scripts/write_subtitles.py --facts {input.facts} --cut {wildcards.cut}"
        " --srt {output.srt} --vtt {output.vtt} &> {log}"


rule write_kit:
    input:
        facts=lambda wildcards: [
            f"{wildcards.evidence}/video/facts/{scene}.json"
            for scene in scenes("wide", wildcards.evidence)
        ],
        claims="{evidence}/claims.json",
        tables=film_tables,
        graph=f"{DATA}/kg.json",
        cues=CUES,
        template="video/kit.md.j2",
        code=lambda wildcards: code("write_kit.py"),
    output:
        kit="{evidence}/video/kit.md",
    log:
        "{evidence}/logs/write_kit.log",
    benchmark:
        "{evidence}/benchmarks/write_kit.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        tables=lambda wildcards: f"{wildcards.evidence}/tables",
    message:
        "Write the production kit"
    shell:
        "python scripts/write_kit.py --facts {input.facts} --cues {input.cues} --claims {input.claims}"
        " --tables {params.tables} --graph {input.graph} --template {input.template} --output {output.kit} &> {log}"
