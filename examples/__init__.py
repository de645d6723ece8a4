"""Examples of what a deployment may bring along; the tests run them, nothing that ships imports them."""
