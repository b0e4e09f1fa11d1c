"""Figures that only the hops study has."""
