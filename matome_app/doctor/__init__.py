"""What `flask doctor` does: look at content, store and index side by side, and say what is to be done."""
