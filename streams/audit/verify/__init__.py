"""The proof that commands and facts are those of the journal, or the first difference."""
