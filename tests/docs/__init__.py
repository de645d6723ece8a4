"""What the documentation says, tried: every example is executed, every name exists, every figure is the code's."""
