"""Sources for rehearsal: harmless by construction, and shaped like the real thing."""
