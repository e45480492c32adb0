"""Pictures: what a file is, smaller copies of it, patterns for posts without one, and cards for links to a post."""
