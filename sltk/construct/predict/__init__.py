"""What is known before a source is drawn: success, failures, widths."""
