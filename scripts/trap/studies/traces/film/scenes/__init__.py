"""The scenes of this film, one module each."""
