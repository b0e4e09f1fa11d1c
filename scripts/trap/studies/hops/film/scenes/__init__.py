"""One module per scene, each with a class `Scene`; the module's name is the scene's name in the cue sheet."""
