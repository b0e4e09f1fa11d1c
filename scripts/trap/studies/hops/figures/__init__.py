"""Figures that only the study hops has."""
