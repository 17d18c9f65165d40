"""A view frozen as one self-contained HTML file: the built page with a book of the answers that it asks for."""
