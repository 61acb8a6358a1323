"""The one verb layer: everything that a command or a route does, but parse and print."""
