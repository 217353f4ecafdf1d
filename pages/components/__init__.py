"""What pages are made of; nothing here is a page, and nothing here asks the store."""
