"""The Distribution Trap: studies, platforms, methods and evidence (see README.md for the map)."""
