"""From answered questions to numbers with intervals, and from numbers to claims."""
