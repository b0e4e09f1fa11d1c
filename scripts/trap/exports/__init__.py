"""Studies as tasks of other packages: verifiers, reasoning-gym, lm-evaluation-harness, and datasets with a card.

An export is a folder: the items of some pools, the files that grading needs, and a few lines of code that bind them to
`for_*.py` here. So a task asks our questions and is scored by our grader; nothing is written twice.
"""
