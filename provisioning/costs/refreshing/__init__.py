"""Making a new price book from AWS's public bulk price files: reading them, finding prices, comparing the books."""
