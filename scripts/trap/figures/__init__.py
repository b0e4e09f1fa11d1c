"""Figures, one module each. `draw(evidence, theme)` makes a Figure and reads nothing but tables and claims."""
