"""Settings, the watchlist's types and the catalogues: what a home is told, never what it found."""
