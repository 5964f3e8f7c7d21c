"""What every request passes: keys, quotas, limits, deadlines, safe headers."""
