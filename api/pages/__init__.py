"""Pages for people: each is one HTML file with everything in it."""
