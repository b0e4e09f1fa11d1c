"""Any dataset of the package reasoning-gym, as a study by a section of configuration."""
