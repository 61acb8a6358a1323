"""The database of a home: tables, projections, followers and tasks."""
