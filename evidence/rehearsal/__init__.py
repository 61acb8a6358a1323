"""Loopback stand-ins for outside services, so that people can rehearse everything offline."""
