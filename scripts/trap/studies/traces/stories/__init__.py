"""Word problems that are made: families, what they say, and the programs that solve them."""
