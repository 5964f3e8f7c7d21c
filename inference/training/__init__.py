"""How the two models are made: prepare, train, evaluate, export; nothing here runs when serving."""
