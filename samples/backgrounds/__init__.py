"""What lies behind and beside the garments."""
