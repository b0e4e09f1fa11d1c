"""Deduction puzzles: who was where, with what, when and why; one solution each, reasons that can be checked."""
