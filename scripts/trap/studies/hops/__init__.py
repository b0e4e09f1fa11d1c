"""The hops study: multi-hop questions over a knowledge graph."""
