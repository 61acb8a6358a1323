"""Write-once sealed payloads, addressed by the SHA-256 of their ciphertext."""
