"""The API: thin routes over ``api.office``. No route returns media, and none can: nothing here opens any."""
