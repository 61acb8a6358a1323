"""The requests that the rehearsal answers, a module for each topic; any other is METHOD_NOT_SUPPORTED."""
