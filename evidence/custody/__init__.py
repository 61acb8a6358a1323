"""The log of custody events as it is written: building events, giving them their place, signing and stamping."""
