"""How a network is trained and where it is kept: steps, recipes, populations."""
