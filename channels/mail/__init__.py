"""E-mail: the ways in and out, whom a mail is counted as, and what we write into ours. How one is read: `reading`."""
