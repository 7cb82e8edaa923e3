"""What the performance goals are measured with; nothing here is a test, and every figure is a ratio within one run."""
