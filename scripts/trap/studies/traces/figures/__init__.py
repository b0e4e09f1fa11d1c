"""Figures of the study traces."""
