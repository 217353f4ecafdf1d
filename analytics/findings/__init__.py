"""One module a question: ask the store, compute, disclose. What pages, papers and commands all use."""
