"""One approved refund; a worker that dies right after it was made; a worker that goes on from what was saved."""
