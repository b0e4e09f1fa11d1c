"""What only questions over a graph have: walks, errors in traces, attention, baselines that know the graph."""
