"""Everything about a model that no framework owns: tokens, chat templates, adapters and their formats, the hub, memory."""
