"""The film: facts of every scene, clips, both cuts, subtitles, thumbnails, the production kit.

needs  results/{study}/{experiment}/{claims.json, tables/}, the study's sources, video/{study}/cues.yaml, video/font/, the
       released runs of the experiments that scenes name; Manim (make film installs it)
makes  in results/{study}/{experiment}/video/: facts/SCENE.json, clips/CUT_SCENE.{mp4, webp},
       {trap_CUT.mp4, trap_CUT.json, contact_sheet_CUT.png}, {trap_CUT.srt, trap_CUT.vtt, thumbnail_CUT.png, kit.md};
       trap_CUT_narrated.mp4 when asked for (needs video/narration/SCENE.CUE.wav or espeak-ng)

The quality is that of video/{study}/cues.yaml, or of --config film_quality: final (1920 x 1080 at 60 frames a second; short:
1080 x 1920) or draft (a third of it, 10 frames a second). A film of another quality counts as out of date.
A scene is drawn from its facts alone, and only when they change. Clips are kept in .cache/film with a hash of what they
show, because Snakemake compares dates.
A scene for which the evidence has no example is left out. Its facts say why, its clip is an empty file, and later rules
go on without it.
"""

FONTS = ["video/font/TrapSans.otf", "video/font/TrapSansBold.otf"]


wildcard_constraints:
    cut="|".join(CUTS),
    scene="[a-z]+",


# One job serves all scenes, because reading the tables takes longer than writing the facts.
rule write_scene_facts:
    input:
        claims="results/{study}/{experiment}/claims.json",
        tables=film_tables,
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        sources=lambda wildcards: sources(wildcards.study),
        beside=film_beside,
        cues=CUES,
        code=lambda wildcards: film_code(
            wildcards.study, "write_scene_facts.py", "sources", "subjects"
        ),
    output:
        made=[f"results/{{study}}/{{experiment}}/video/facts/{scene}.json" for scene in SCENES],
    params:
        program="write_scene_facts.py",
        more="",
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
    message:
        "Write the facts of the scenes"
    shell:
        "python scripts/{params.program} --config {resources.config} --study {wildcards.study}"
        " --experiment {wildcards.experiment} --cues {input.cues} --claims {input.claims} {params.more}"
        " --tables results/{wildcards.study}/{wildcards.experiment}/tables --evidence {params.evidence}"
        " --output {output.made} &> {log} || {{ tail -n 1 {log} >&2; exit 1; }};"
        " grep '^the film leaves out' {log} >&2 || true"


rule render_scene:
    input:
        facts="results/{study}/{experiment}/video/facts/{scene}.json",
        fonts=FONTS,
        code=lambda wildcards: film_code(
            wildcards.study, "render_scene.py", f"scenes.{wildcards.scene}"
        ),
    output:
        clip="results/{study}/{experiment}/video/clips/{cut}_{scene}.mp4",
    params:
        quality=lambda wildcards: film_quality(),
        kept=lambda wildcards: f".cache/film/{wildcards.study}/{wildcards.experiment}",
    message:
        "Render a scene: {wildcards.scene}, {wildcards.cut}, {params.quality}"
    shell:
        "python scripts/render_scene.py --facts {input.facts} --cut {wildcards.cut} --quality {params.quality}"
        " --output {output.clip} --kept {params.kept} --progress 3 3>&2 &> {log} || {{ tail -n 1 {log} >&2; exit 1; }}"


rule assemble_film:
    input:
        clips=clips_of_cut,
        facts=facts_of_cut,
        cues=CUES,
        code=lambda wildcards: code("assemble_film.py"),
    output:
        film="results/{study}/{experiment}/video/trap_{cut}.mp4",
        ledger="results/{study}/{experiment}/video/trap_{cut}.json",
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
        film="results/{study}/{experiment}/video/trap_{cut}.mp4",
        facts=facts_of_cut,
        recordings=sorted(str(path) for path in Path("video/narration").glob("*.*")),
        code=lambda wildcards: code("narrate_film.py"),
    output:
        film="results/{study}/{experiment}/video/trap_{cut}_narrated.mp4",
    message:
        "Add the narration to the film: {wildcards.cut}"
    shell:
        "python scripts/narrate_film.py --film {input.film} --facts {input.facts} --cut {wildcards.cut}"
        " --recordings video/narration --output {output.film} &> {log} || {{ tail -n 1 {log} >&2; exit 1; }}"


rule animate_clip:
    input:
        film="results/{study}/{experiment}/video/clips/{cut}_{scene}.mp4",
        code=lambda wildcards: code("draw_stills.py"),
    output:
        made="results/{study}/{experiment}/video/clips/{cut}_{scene}.webp",
    params:
        how="--animation",
    message:
        "Make a small animation: {wildcards.scene}, {wildcards.cut}"
    shell:
        "python scripts/draw_stills.py --film {input.film} {params.how} {output.made} &> {log}"


use rule animate_clip as draw_contact_sheet with:
    input:
        film="results/{study}/{experiment}/video/trap_{cut}.mp4",
        ledger="results/{study}/{experiment}/video/trap_{cut}.json",
        code=lambda wildcards: code("draw_stills.py"),
    output:
        made="results/{study}/{experiment}/video/contact_sheet_{cut}.png",
    params:
        how=lambda wildcards, input: f"--ledger {input.ledger} --sheet",
    message:
        "Draw the contact sheet: {wildcards.cut}"


rule draw_thumbnail:
    input:
        facts="results/{study}/{experiment}/video/facts/poster.json",
        fonts=FONTS,
        code=lambda wildcards: film_code(wildcards.study, "draw_thumbnail.py", "scenes.poster"),
    output:
        picture="results/{study}/{experiment}/video/thumbnail_{cut}.png",
    message:
        "Draw the thumbnail: {wildcards.cut}"
    shell:
        "python scripts/draw_thumbnail.py --facts {input.facts} --cut {wildcards.cut}"
        " --output {output.picture} &> {log}"


rule write_subtitles:
    input:
        facts=facts_of_cut,
        code=lambda wildcards: code("write_subtitles.py"),
    output:
        srt="results/{study}/{experiment}/video/trap_{cut}.srt",
        vtt="results/{study}/{experiment}/video/trap_{cut}.vtt",
    message:
        "Write the subtitles: {wildcards.cut}"
    shell:
        "python scripts/write_subtitles.py --facts {input.facts} --cut {wildcards.cut}"
        " --srt {output.srt} --vtt {output.vtt} &> {log}"


use rule write_scene_facts as write_kit with:
    input:
        claims="results/{study}/{experiment}/claims.json",
        tables=film_tables,
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        sources=lambda wildcards: sources(wildcards.study),
        beside=film_beside,
        cues=CUES,
        facts=facts_of_cut,
        template="video/kit.md.j2",
        code=lambda wildcards: film_code(wildcards.study, "write_kit.py", "sources"),
    output:
        made="results/{study}/{experiment}/video/kit.md",
    params:
        program="write_kit.py",
        more=lambda wildcards, input: f"--facts {input.facts} --template {input.template}",
    message:
        "Write the production kit"
