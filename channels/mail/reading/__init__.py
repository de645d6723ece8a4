"""What a mail says: bytes from strangers to the words that a customer wrote. Pure, and done in a process of its own."""
