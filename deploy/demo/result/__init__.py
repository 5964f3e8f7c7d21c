"""What the demo found: figures, answers, the HTML page."""
