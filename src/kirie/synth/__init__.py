"""Characters drawn by the program, layer by layer, with exact truth for every layer."""
