"""The film: cues and evidence become facts, facts become scenes, scenes become films.

`numbers` and `cues` say what stands on screen and when, `facts` and `examples` collect what one scene
shows, `stage`, `parts` and `scenes` draw it with Manim, `media` joins and checks clips, `subtitles` and
`kit` write what goes beside them. Only `stage`, `parts` and `scenes` import Manim.
"""

CUTS = ("wide", "short")  # 16:9 for a screen, 9:16 for a phone
