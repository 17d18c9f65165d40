"""The shell of all local pages: server, address, token, limits, the built front end."""
