"""The one shell of all local pages: guard, errors, static files, the server in the foreground."""
