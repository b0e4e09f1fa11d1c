"""Studies: each makes items, reference completions and scores. `base.py` states what a study must say."""
