"""What must not leave the device: secrets are removed, names and addresses get pseudonyms."""
