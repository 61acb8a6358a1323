"""What an office prints and signs beside a bundle: the covering letter and the sheets for the platform, as PDF."""
