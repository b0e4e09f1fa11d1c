"""Tables of the study traces."""
