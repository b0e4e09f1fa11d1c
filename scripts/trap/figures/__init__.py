"""Figures, one module each: `draw(evidence, theme)` makes a Figure from tables and claims alone."""
